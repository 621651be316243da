#include "claim/claim.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace heretix {

std::string Claim::hash() const { return sha256_hex(text); }

Claim parse_claim(const std::string& text) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw Error(ErrorKind::bad_input, "the claim is empty", "give one statement, e.g. \"Tariffs cause inflation\"");
  }
  if (text.size() > kMaxClaimBytes) {
    throw Error(ErrorKind::bad_input, fmt::format("the claim has {} bytes, at most {}", text.size(), kMaxClaimBytes),
                "ask about one short statement");
  }
  if (const std::size_t at = text.find('\0'); at != std::string::npos) {
    throw Error(ErrorKind::bad_input, fmt::format("the claim holds a NUL character at byte {}", at), "remove it");
  }
  if (const auto at = first_invalid_utf8(text)) {
    throw Error(ErrorKind::bad_input, fmt::format("the claim is not valid UTF-8 at byte {}", *at),
                "save or send it as UTF-8");
  }
  return {text};
}

}  // namespace heretix
