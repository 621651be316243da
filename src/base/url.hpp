// A URL split exactly as libcurl splits it before it connects, and what follows from its host.
//
// Every decision about a host or about TLS is based on these parts, never on the text, so that the host that is judged
// is the host that is connected to. Two parsers that disagree about one text are how a key ends up at the wrong
// machine. Postgres addresses are the exception: they follow SQLAlchemy's grammar (store/postgres/address.hpp), with
// the percent decoder of this header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heretix {

struct Url {
  std::string scheme;                         // in lower case: "https"
  std::optional<std::string> user, password;  // decoded
  // In lower case, and as libcurl normalises it: "127.1" and "2130706433" are "127.0.0.1", an IPv6 address stands in
  // brackets in its shortest form, "%xx" is decoded. ASCII only. A trailing dot is kept: it makes another name.
  std::string host;
  std::optional<std::uint16_t> port;  // as it was given
  std::string path;                   // as it was written, at least "/"
  std::optional<std::string> query;   // as it was written, without the '?'
  std::optional<std::string> fragment;

  bool is_encrypted() const;  // https and smtps: TLS from the first byte
  bool is_on_loopback() const;
  // Whether a key or a password may be sent there: the connection is encrypted, or never leaves this machine.
  bool is_safe_for_secrets() const { return is_encrypted() || is_on_loopback(); }

  std::string authority() const;  // "host" or "host:port"
  std::string origin() const;  // "https://host:port", as browsers write it: without the port that is the scheme's own
  // The whole URL without user, password and fragment: what libcurl is given.
  std::string address() const;
};

// Empty for anything that libcurl would not connect to: no scheme, no host, an invalid port, a space or a control
// character, a broken "%xx" in user or password. Also empty for a host with characters beyond ASCII, because libcurl
// translates those by the locale, and for an IPv6 address with a zone. An '@' or ':' within a user or password must be
// written %40 or %3A. Thread-safe. The first call loads libcurl.
std::optional<Url> parse_url(std::string_view text);

// Resolves `reference` (a Location header) against `base`, the URL that was asked. Empty if the result is not a URL.
std::optional<Url> resolve_url(const Url& base, std::string_view reference);

// Reads a URL that is only an origin: "https://Heretix.example:443/" is "https://heretix.example". Empty for a scheme
// other than http and https, and if there is a user, a path, a query or a fragment.
std::optional<Url> parse_origin(std::string_view text);

// The host of an authority, "host" or "host:port" (a Host header), in the form of Url::host. Empty if it is not an
// authority, or if it holds more than a host and a port.
std::optional<std::string> host_of_authority(std::string_view authority);

// A host as it stands in a URL: an IPv6 address gets its brackets.
std::string url_host(std::string_view host_or_address);

// "localhost", 127.0.0.0/8 or ::1, with or without brackets: the whole host, never a prefix of it. Pure.
bool is_loopback_host(std::string_view host);

// The text as messages show it, without user, password, query and fragment, which may all hold secrets. If it cannot be
// split, only its scheme is shown, unless nothing in it can be a secret.
std::string shown_url(std::string_view text);

// The text with "%2f" and its like decoded. Empty if a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

// The same, but a '%' without its digits is left as it is, as Python's urllib.parse.unquote does.
std::string percent_decoded_where_possible(std::string_view text);

}  // namespace heretix
