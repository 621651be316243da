// Text from outside on a page.
#pragma once

#include <string>
#include <string_view>

namespace heretix::html {

// Safe as element text and inside double-quoted attributes. Bytes that are no UTF-8 or no printable text become U+FFFD.
std::string escaped(std::string_view text);

}  // namespace heretix::html
