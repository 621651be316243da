// Links in an answer: a prior must not lean on sources.
#pragma once

#include <string_view>

namespace heretix {

// Whether the text holds a link: "http://", "https://" or "www.", in any case. An address that the claim itself names
// is not a source: for the claim "https://example.com is a web page" a reason that repeats this address cites nothing.
// Two addresses are the same whatever their scheme, a leading "www.", and a trailing slash or punctuation. If `claim`
// is empty, every link counts.
bool has_link(std::string_view text, std::string_view claim);

}  // namespace heretix
