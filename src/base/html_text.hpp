// Escaping of text from outside for a page.
#pragma once

#include <string>
#include <string_view>

namespace heretix::html {

// The result is safe as element text and inside double-quoted attributes. Bytes that are not UTF-8 or not printable
// text become U+FFFD.
std::string escaped(std::string_view text);

}  // namespace heretix::html
