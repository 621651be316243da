// What sign and verify have in common: keys in files.
#pragma once

#include <string>

#include "archive/signing_key.hpp"
#include "cli/command_table.hpp"

namespace heretix {

void register_sign(CommandTable& table);

// `given`: the one line of a public key, or a file that holds it or its PEM. Throws Error{bad_input, not_found}.
PublicKey public_key_given(const std::string& given);

// The private key in a file that nobody else may read. Throws Error{bad_input, not_found, not_allowed}.
SigningKey signing_key_in(const std::string& path);

}  // namespace heretix
