// Messages as people read them in a browser, or in the response of the API. They come from all over the program, and at
// a command line their hints name flags, commands and files; whoever reads them here has none of these. Pure,
// thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace heretix {

// Whether a text names a flag ("--readout", "-K"), a command ("heretix list", "make run") or a file ("docs/models.md",
// "/srv/play.json"). What stands in single quotes is somebody's own text and does not count.
bool speaks_of_command_line(std::string_view text);

// `message` without that. A hint that needs a command line is left out; the names of K, R and T stay, which the page
// and the API have too. What happened is never left out: where it names a file or a flag, a general word takes its
// place. The result is empty only if the message is.
std::string in_web_words(std::string_view message);

}  // namespace heretix
