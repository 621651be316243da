// A mail address as it may stand in an envelope, bare, and in one spelling for one mailbox.
#pragma once

#include <string>
#include <string_view>

namespace heretix {

// ASCII, one @, no display name, nothing that could end a header or a command, at most 254 characters.
// Throws Error{bad_input} naming what is wrong. Pure.
void require_mail_address(const std::string& address);

// Without white space around it, in lower case: what an account goes by. Throws what require_mail_address throws. Pure.
std::string canonical_mail_address(const std::string& address);

// The text with a mark in place of whatever reads like a mail address: for logs, which hold no addresses, of texts that
// come from elsewhere (a mail server's refusal, a database's error). Pure.
std::string without_mail_addresses(std::string_view text);

}  // namespace heretix
