// Pictures that this program drew as SVG, as PNG: link previews show nothing else. Librsvg's rsvg-convert draws them.
#pragma once

#include <string>

namespace heretix::http {

// Whether rsvg-convert is on PATH. Looked up once.
bool can_draw_png();

// The last pictures are kept, because a link that is shown somewhere is asked for again and again. One is drawn at a
// time, so that many requests never take all processors. Thread-safe. Throws Error{not_found} without rsvg-convert,
// Error{unavailable} if it fails.
std::string png_of(const std::string& svg);

}  // namespace heretix::http
