#include "service/http/head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.hpp"

namespace heretix::http {
namespace {

constexpr std::size_t kLongestMethod = 16;

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// Visible ASCII, white space within, and bytes beyond ASCII.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

ReadHead refused(int status, std::string reason) { return {.status = status, .reason = std::move(reason)}; }

std::optional<std::string_view> next_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

bool is_target(std::string_view target) {
  return target.starts_with('/') && std::ranges::all_of(target, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte > 0x20 && byte < 0x7F && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos;
         });
}

std::optional<ReadHead> read_request_line(std::string_view line, Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return refused(400, "the request line does not have three parts");
  const std::string_view version = line.substr(last + 1);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (!is_token(line.substr(0, first))) return refused(400, "the method is not a token");
  if (first > kLongestMethod) return refused(501, "there is no such method");
  if (target.size() > kMostTarget) return refused(414, "the address has more than 8192 bytes");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refused(version.starts_with("HTTP/") ? 505 : 400, "the version is not HTTP/1.1");
  if (!is_target(target))
    return refused(400, "the address is not an absolute path, or contains characters that must be encoded");
  head.method = line.substr(0, first);
  head.target = target;
  head.minor_version = version.back() - '0';
  return std::nullopt;
}

std::optional<ReadHead> read_field(std::string_view line, Head& head) {
  if (line.front() == ' ' || line.front() == '\t') return refused(400, "a header is folded");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return refused(400, "a header's name is not a token");
  const std::string name = to_lower_ascii(line.substr(0, colon));
  const std::string value(trimmed(line.substr(colon + 1)));
  if (!is_field_value(value)) return refused(400, "a header contains a control character");
  const auto [place, is_new] = head.headers.try_emplace(name, value);
  if (is_new) return std::nullopt;
  if (name == "host" || name == "content-length" || name == "transfer-encoding" || name == "content-type" ||
      name == "authorization" || name == "origin")
    return refused(400, "the header " + name + " comes twice");
  place->second += (name == "cookie" ? "; " : ", ") + value;
  return std::nullopt;
}

std::optional<ReadHead> read_length(Head& head, std::size_t most_body) {
  const auto length = head.headers.find("content-length");
  const auto coding = head.headers.find("transfer-encoding");
  if (length != head.headers.end() && coding != head.headers.end())
    return refused(400, "both Content-Length and Transfer-Encoding");
  if (coding != head.headers.end()) {
    if (head.minor_version == 0) return refused(400, "Transfer-Encoding in HTTP/1.0");
    if (to_lower_ascii(coding->second) != "chunked") return refused(501, "a transfer coding other than chunked");
    head.is_chunked = true;
  }
  if (length == head.headers.end()) return std::nullopt;
  const std::string& text = length->second;
  const bool is_number = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return refused(400, "Content-Length is not a number");
  std::size_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || value > most_body)
    return refused(413, fmt::format("the body has more than {} bytes", most_body));
  head.content_length = value;
  return std::nullopt;
}

// The options of a header Connection, in lower case (RFC 9110, 7.6.1).
std::set<std::string> connection_options(std::string_view list) {
  std::set<std::string> options;
  for (const std::string_view one : split(list, ',')) options.insert(to_lower_ascii(trimmed(one)));
  return options;
}

}  // namespace

ReadHead read_head(std::string_view text, std::size_t most_body) {
  ReadHead read;
  std::string_view rest = text;
  auto line = next_line(rest);
  if (!line) return refused(400, "the request line does not end");
  if (line->size() > kMostTarget + 64) return refused(414, "the address has more than 8192 bytes");
  if (auto bad = read_request_line(*line, read.head)) return *bad;
  if (rest.size() > kMostHeaders + 2) return refused(431, "the headers have more than 16384 bytes");
  for (line = next_line(rest); line && !line->empty(); line = next_line(rest)) {
    if (auto bad = read_field(*line, read.head)) return *bad;
  }
  if (!line || !rest.empty()) return refused(400, "the headers do not end");
  if (read.head.minor_version == 1 && !read.head.headers.contains("host"))
    return refused(400, "the Host header is missing");
  if (auto bad = read_length(read.head, most_body)) return *bad;
  const auto connection = read.head.headers.find("connection");
  const std::set<std::string> options =
      connection_options(connection == read.head.headers.end() ? std::string_view{} : connection->second);
  read.head.keeps_alive = read.head.minor_version == 1 ? !options.contains("close") : options.contains("keep-alive");
  return read;
}

int status_of_overlong(std::string_view start) {
  return start.substr(0, kMostTarget + 64).find("\r\n") == std::string_view::npos ? 414 : 431;
}

}  // namespace heretix::http
