#include "base/url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "base/curl_library.hpp"
#include "base/error.hpp"
#include "base/number.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kLongestUrl = 65'536;
constexpr std::size_t kLongestShown = 200;
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

struct CurlText {
  void operator()(char* text) const { curl_free(text); }
};

// libcurl's own object for a URL.
class CurlUrl {
 public:
  CurlUrl() : handle_(curl_url()) {
    if (handle_ == nullptr)
      throw Error(ErrorKind::unavailable, "there is not enough memory to read a URL", "free memory, then try again");
  }
  ~CurlUrl() { curl_url_cleanup(handle_); }
  CurlUrl(const CurlUrl&) = delete;
  CurlUrl& operator=(const CurlUrl&) = delete;

  // Absolute, or relative to what was set before. False: libcurl refuses it. Its flags are those with which libcurl
  // reads the URL of a transfer, but a scheme must be given.
  bool set(std::string_view text) {
    // To libcurl the text ends at a NUL, to us it does not.
    if (text.empty() || text.size() > kLongestUrl || text.find('\0') != std::string_view::npos) return false;
    const std::string copy(text);
    return curl_url_set(handle_, CURLUPART_URL, copy.c_str(), unsigned{CURLU_NON_SUPPORT_SCHEME}) == CURLUE_OK;
  }

  // Empty where the URL lacks that part.
  std::optional<std::string> part(CURLUPart which, unsigned flags = 0) const {
    char* found = nullptr;
    const CURLUcode code = curl_url_get(handle_, which, &found, flags);
    const std::unique_ptr<char, CurlText> owned(found);
    return code == CURLUE_OK && found != nullptr ? std::optional<std::string>(found) : std::nullopt;
  }

 private:
  CURLU* handle_;
};

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// False: a broken "%xx".
bool decode_in_place(std::optional<std::string>& text) {
  if (text) text = percent_decoded(*text);
  return text.has_value();
}

std::optional<Url> parts_of(const CurlUrl& from) {
  Url url;
  const auto host = from.part(CURLUPART_HOST);
  if (!host || !is_ascii(*host) || from.part(CURLUPART_ZONEID)) return std::nullopt;
  url.host = to_lower_ascii(*host);
  url.scheme = from.part(CURLUPART_SCHEME).value_or("");
  url.path = from.part(CURLUPART_PATH).value_or("/");
  url.query = from.part(CURLUPART_QUERY);
  url.fragment = from.part(CURLUPART_FRAGMENT);

  url.user = from.part(CURLUPART_USER);
  url.password = from.part(CURLUPART_PASSWORD);
  if (url.user && !decode_in_place(url.user)) return std::nullopt;
  if (url.password && !decode_in_place(url.password)) return std::nullopt;

  // Port 0 is a number that nothing can listen at.
  if (const auto port = from.part(CURLUPART_PORT)) {
    const auto number = whole_number(*port);
    if (!number || *number < 1 || *number > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
    url.port = static_cast<std::uint16_t>(*number);
  }
  return url;
}

std::string unescaped(std::string_view text) {
  // To libcurl a length of 0 means that it must count.
  if (text.find('%') == std::string_view::npos) return std::string(text);
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw Error(ErrorKind::too_large, "a text of more than 2 GB cannot be decoded");
  int length = 0;
  const std::unique_ptr<char, CurlText> decoded(
      curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &length));
  if (!decoded)
    throw Error(ErrorKind::unavailable, "there is not enough memory to decode a text", "free memory, then try again");
  return {decoded.get(), static_cast<std::size_t>(length)};
}

bool is_hex_digit(char c) { return kHexDigits.find(c) != std::string_view::npos; }

}  // namespace

bool Url::is_encrypted() const { return scheme == "https" || scheme == "smtps"; }
bool Url::is_on_loopback() const { return is_loopback_host(host); }

std::string Url::authority() const { return port ? fmt::format("{}:{}", host, *port) : host; }

std::string Url::origin() const {
  const bool is_own_port = (scheme == "http" && port == 80) || (scheme == "https" && port == 443);
  return scheme + "://" + (is_own_port ? host : authority());
}

std::string Url::address() const { return scheme + "://" + authority() + path + (query ? "?" + *query : ""); }

std::optional<Url> parse_url(std::string_view text) {
  CurlUrl read;
  if (!read.set(text)) return std::nullopt;
  return parts_of(read);
}

std::optional<Url> resolve_url(const Url& base, std::string_view reference) {
  CurlUrl read;
  if (!read.set(base.address()) || !read.set(reference)) return std::nullopt;
  return parts_of(read);
}

std::optional<Url> parse_origin(std::string_view text) {
  auto url = parse_url(text);
  const bool is_web = url && (url->scheme == "https" || url->scheme == "http");
  const bool is_bare = url && url->path == "/" && !url->user && !url->password && !url->query && !url->fragment;
  return is_web && is_bare ? std::move(url) : std::nullopt;
}

std::optional<std::string> host_of_authority(std::string_view authority) {
  // Whatever begins a user, a path, a query or a fragment; and no encoded host, which would have two spellings.
  if (authority.find_first_of("@/\\?#%") != std::string_view::npos) return std::nullopt;
  const auto url = parse_url("http://" + std::string(authority));
  return url ? std::optional(url->host) : std::nullopt;
}

std::string url_host(std::string_view host_or_address) {
  const bool is_bare_ipv6 = host_or_address.find(':') != std::string_view::npos && !host_or_address.starts_with('[');
  return is_bare_ipv6 ? fmt::format("[{}]", host_or_address) : std::string(host_or_address);
}

bool is_loopback_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string name = to_lower_ascii(host);
  if (name == "localhost") return true;

  in_addr v4{};
  if (::inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string shown_url(std::string_view text) {
  if (const auto url = parse_url(text)) {
    const std::string path = url->path == "/" && !text.ends_with('/') ? "" : url->path;
    return shortened(on_one_line(url->scheme + "://" + url->authority() + path), kLongestShown);
  }
  if (text.find_first_of("@?#") == std::string_view::npos) return shortened(on_one_line(text), kLongestShown);

  const std::size_t scheme_end = text.find("://");
  const bool has_scheme = scheme_end != std::string_view::npos && text.find_first_of("@?#") > scheme_end;
  return has_scheme ? shortened(on_one_line(text.substr(0, scheme_end)), kLongestShown) + "://…" : "…";
}

std::optional<std::string> percent_decoded(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !is_hex_digit(text[at + 1]) || !is_hex_digit(text[at + 2])) return std::nullopt;
  }
  return unescaped(text);
}

std::string percent_decoded_where_possible(std::string_view text) { return unescaped(text); }

}  // namespace heretix
