// A mail address as it may stand in an envelope: bare, and in one spelling for each mailbox.
#pragma once

#include <string>
#include <string_view>

namespace heretix {

// ASCII, one @, no display name, nothing that could end a header or a command, at most 254 characters.
// Throws Error{bad_input} naming what is wrong. Pure.
void require_mail_address(const std::string& address);

// The address in lower case and without surrounding white space, which is how an account is identified. Throws what
// require_mail_address throws. Pure.
std::string canonical_mail_address(const std::string& address);

// The text with a placeholder for everything that looks like a mail address. Logs hold no addresses, so texts that come
// from elsewhere (a mail server's refusal, a database's error) pass through this first. Pure.
std::string without_mail_addresses(std::string_view text);

}  // namespace heretix
