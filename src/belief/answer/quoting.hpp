// Whether an object that stands in prose is quoted there instead of being the answer: "I cannot reply as {…} because
// …".
#pragma once

#include <string_view>

namespace heretix {

// This is decided by where the object stands, not by what is said around it (docs/answers.md, rule 3): an object is
// quoted between quotation marks, in a quoted line, or as a part of a sentence. `object` is a stretch of `text`. A text
// that holds nothing else quotes nothing.
bool is_quoted(std::string_view text, std::string_view object);

}  // namespace heretix
