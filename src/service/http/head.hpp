// Reads the head of a request strictly: whatever two readers could understand differently is refused (RFC 9112, 11.2).
//
// Lines end with CR LF; names are tokens without white space before the colon; no folded line, no NUL, no bare CR; one
// Host; a body's length said once, in digits, or `Transfer-Encoding: chunked` and nothing else, never both. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace heretix::http {

inline constexpr std::size_t kMostTarget = 8'192;
inline constexpr std::size_t kMostHeaders = 16'384;  // all fields together
inline constexpr std::size_t kMostHeadBytes = kMostTarget + kMostHeaders + 64;
inline constexpr std::size_t kMostBody = 65'536;
inline constexpr std::size_t kMostLargeBody = 3'145'728;  // where the application takes more (Application::most_body)

struct Head {
  std::string method;
  std::string target;  // origin form: "/path?query"
  int minor_version = 1;
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case; repeated ones joined by ", "
  std::optional<std::size_t> content_length{};
  bool is_chunked = false;
  bool keeps_alive = true;
};

// Either a head or the reason why it is refused.
struct ReadHead {
  Head head{};
  int status = 0;        // 0: the head is accepted; else 400, 413, 414, 431, 501 or 505
  std::string reason{};  // for the response
};

// `text` ends with the empty line.
ReadHead read_head(std::string_view text, std::size_t most_body = kMostBody);

// The status for a head that has grown beyond kMostHeadBytes without an empty line: 414 or 431.
int status_of_overlong(std::string_view start);

}  // namespace heretix::http
