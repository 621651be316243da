#include "belief/answer/links.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::array<std::string_view, 3> kBeginnings = {"http://", "https://", "www."};
constexpr std::string_view kAround = " \t\r\n\"'`<>()[]{}\\|";  // no address goes on behind one of these
constexpr std::string_view kBehind = "/.,:;!?*_";

// Scheme, "www." and what only ends a sentence taken off.
std::string_view bare(std::string_view address) {
  for (const std::string_view beginning : kBeginnings) {
    if (address.starts_with(beginning)) address.remove_prefix(beginning.size());
  }
  return address.substr(0, address.find_last_not_of(kBehind) + 1);
}

std::vector<std::string> addresses_in(std::string_view claim) {
  std::vector<std::string> addresses;
  const std::string lower = to_lower_ascii(claim);
  for (std::size_t at = 0; at < lower.size();) {
    const std::size_t begin = std::min(lower.find_first_not_of(kAround, at), lower.size());
    const std::size_t end = std::min(lower.find_first_of(kAround, begin), lower.size());
    const std::string_view word = bare(std::string_view(lower).substr(begin, end - begin));
    if (word.find('.') != std::string_view::npos) addresses.emplace_back(word);
    at = end;
  }
  return addresses;
}

std::size_t next_link(std::string_view lower, std::size_t from) {
  std::size_t found = std::string_view::npos;
  for (const std::string_view beginning : kBeginnings) found = std::min(found, lower.find(beginning, from));
  return found;
}

}  // namespace

ForeignLinks::ForeignLinks(std::string_view claim) : own_(addresses_in(claim)) {}

bool ForeignLinks::are_in(std::string_view text) const {
  const std::string lower = to_lower_ascii(text);
  std::size_t at = next_link(lower, 0);
  while (at != std::string::npos) {
    const std::size_t end = std::min(lower.find_first_of(kAround, at), lower.size());
    if (std::ranges::find(own_, bare(std::string_view(lower).substr(at, end - at))) == own_.end()) return true;
    at = next_link(lower, end);
  }
  return false;
}

}  // namespace heretix
