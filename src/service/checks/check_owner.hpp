// Whose a check is: somebody's with an account, or a visitor's.
#pragma once

#include <string>
#include <variant>

#include "base/identity.hpp"

namespace heretix {

using CheckOwner = std::variant<UserId, VisitorId>;

// The id alone. A user's is a uuid and a visitor's is a hash, so no two owners have the same text.
inline const std::string& text_of(const CheckOwner& owner) {
  return std::visit([](const auto& id) -> const std::string& { return id.text(); }, owner);
}

}  // namespace heretix
