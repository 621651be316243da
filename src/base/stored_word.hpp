// What becomes of a stored word that names no value of its enum.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix {

inline constexpr std::size_t kMostOfWordShown = 40;  // characters

// The value that was found for a stored word. A word that another program or a newer version wrote has none: it must
// not be taken for another one. Then this throws Error{broken} with the word and its place, which is table and column,
// "heretix_executions.status".
template <class T>
T require_known(const std::optional<T>& value, std::string_view place, std::string_view word) {
  if (value) return *value;
  throw Error(ErrorKind::broken,
              fmt::format("{} is '{}', which this program does not know", place,
                          on_one_line(shortened(word, kMostOfWordShown))),
              "use the newer program that wrote it");
}

}  // namespace heretix
