// A mail, and its text as RFC 5322 and MIME have it.
#pragma once

#include <string>
#include <vector>

namespace heretix {

struct Mail {
  std::string from;             // a bare address
  std::vector<std::string> to;  // at least one
  std::string subject;
  std::string body;  // UTF-8
};

// Addresses without display names, ASCII, one @, nothing that could end a header or a command; a subject on one line.
// Throws Error{bad_input} naming what is wrong. Pure.
void require_sendable(const Mail& mail);

// The whole message, lines ended by CR LF, body in base64. `date`: Unix seconds; `id`: unique, without brackets. Throws
// what require_sendable throws. Pure.
std::string mime_text(const Mail& mail, long long date, const std::string& id);

}  // namespace heretix
