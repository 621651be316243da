// Random bytes from the system, which nobody can guess, and the identifiers that are made from them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heretix {

// These throw Error{broken} if the system provides no random bytes.
std::string random_bytes(std::size_t count);
std::string random_hex(std::size_t bytes);  // two digits a byte
std::string new_uuid();                     // version 4 (RFC 9562), lower case
bool is_uuid(std::string_view text);        // of any version, in lower case

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);     // RFC 4648, 4: with padding, on one line
std::string to_base64url(std::string_view bytes);  // RFC 4648, 5: without padding

}  // namespace heretix
