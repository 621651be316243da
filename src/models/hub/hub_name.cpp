#include "models/hub/hub_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMostRepositoryNameBytes = 96;  // the hub's own limit, of an owner and of a repository
constexpr std::size_t kMostPartBytes = 200;
constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

// The hub's rule for owners and repositories. Both become names of folders too, which it makes safe.
bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kMostRepositoryNameBytes) return false;
  if (text.find_first_not_of(kNameCharacters) != std::string_view::npos) return false;

  const auto is_edge = [](char c) { return c == '-' || c == '.'; };
  return !is_edge(text.front()) && !is_edge(text.back()) && text.find("..") == std::string_view::npos;
}

// A revision or a selector, which may hold folders: "refs/pr/3", "Q4_K_M/x-00001-of-00002.gguf".
bool is_plain(std::string_view text) {
  const bool is_printable = std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  return !text.empty() && text.size() <= kMostPartBytes && is_printable &&
         text.find_first_of("@:\\?#%") == std::string_view::npos;
}

[[noreturn]] void refuse(std::string_view text, const std::string& what) {
  throw Error(ErrorKind::bad_input,
              fmt::format("'{}' does not name a model of a hub: {}", on_one_line(shortened(text, 80)), what),
              "write hf:OWNER/REPO, hf:OWNER/REPO:QUANT or hf:OWNER/REPO@REVISION:QUANT, e.g. "
              "hf:bartowski/Qwen2.5-7B-Instruct-GGUF:Q4_K_M");
}

}  // namespace

std::string HubName::text() const {
  std::string name = std::string(kHubPrefix) + repository_id();
  if (!revision.empty()) name += "@" + revision;
  if (!selector.empty()) name += ":" + selector;
  return name;
}

bool is_hub_name(std::string_view text) { return text.starts_with(kHubPrefix); }

HubName parse_hub_name(std::string_view text) {
  std::string_view rest = text;
  if (is_hub_name(rest)) rest.remove_prefix(kHubPrefix.size());

  HubName name;
  if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    name.selector = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_plain(name.selector)) refuse(text, "behind ':' stands a quantisation or a file of the repository");
  }

  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    name.revision = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!is_plain(name.revision)) refuse(text, "behind '@' stands a branch, a tag or a commit");
  }

  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) refuse(text, "it has no '/' between owner and repository");
  name.owner = rest.substr(0, slash);
  name.repository = rest.substr(slash + 1);
  if (!is_name(name.owner) || !is_name(name.repository))
    refuse(text, "an owner and a repository have letters, digits, '-', '_' and '.', at most 96 each");
  return name;
}

}  // namespace heretix
