// A mail, and its text in the form of RFC 5322 and MIME.
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

// Addresses must be ASCII, have one @ and no display name, and hold nothing that could end a header or a command. The
// subject must be on one line. Throws Error{bad_input} naming what is wrong. Pure.
void require_sendable(const Mail& mail);

// Returns the whole message, with lines that end in CR LF and the body in base64. `date` is in Unix seconds; `id` is
// unique and has no brackets. Throws what require_sendable() throws. Pure.
std::string mime_text(const Mail& mail, long long date, const std::string& id);

}  // namespace heretix
