#include "base/mail_address.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix {

constexpr std::size_t kMostAddress = 254;  // RFC 5321, 4.5.3.1.3
constexpr std::string_view kHiddenAddress = "[mail address]";
constexpr std::size_t kMostLocal = 64;  // RFC 5321, 4.5.3.1.1

void require_mail_address(const std::string& address) {
  const std::size_t at = address.find('@');
  const bool shaped = at != std::string::npos && at > 0 && at <= kMostLocal && at + 1 < address.size() &&
                      address.find('@', at + 1) == std::string::npos;
  const bool plain = std::ranges::all_of(address, [](char c) { return c > 0x20 && c < 0x7F; }) &&
                     address.find_first_of("<>(),;:\"[]\\") == std::string::npos && address[0] != '-';
  if (shaped && plain && address.size() <= kMostAddress) return;
  throw Error(ErrorKind::bad_input, fmt::format("'{}' is not a mail address", on_one_line(shortened(address, 60))),
              "give the bare address, e.g. name@example.org");
}

std::string canonical_mail_address(const std::string& address) {
  std::string bare = to_lower_ascii(trimmed(address));
  if (bare.empty()) throw Error(ErrorKind::bad_input, "the mail address is empty", "give one");
  require_mail_address(bare);
  return bare;
}

std::string without_mail_addresses(std::string_view text) {
  const auto is_local = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7F && std::string_view("<>(),;:\"'[]\\=@").find(c) == std::string_view::npos;
  };
  const auto is_domain = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || c == '-' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  };

  std::string kept;
  std::size_t copied = 0;
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    std::size_t begin = at, end = at + 1;
    while (begin > copied && is_local(text[begin - 1])) --begin;
    while (end < text.size() && is_domain(text[end])) ++end;
    if (begin == at || end == at + 1) continue;
    kept += text.substr(copied, begin - copied);
    kept += kHiddenAddress;
    copied = end;
    at = end - 1;
  }
  return kept += text.substr(copied);
}

}  // namespace heretix
