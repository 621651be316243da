// A mail address as it may stand in an envelope, bare, and in one spelling for one mailbox.
#pragma once

#include <string>

namespace heretix {

// ASCII, one @, no display name, nothing that could end a header or a command, at most 254 characters.
// Throws Error{bad_input} naming what is wrong. Pure.
void require_mail_address(const std::string& address);

// Without white space around it, in lower case: what an account goes by. Throws what require_mail_address throws. Pure.
std::string canonical_mail_address(const std::string& address);

}  // namespace heretix
