// Links in an answer: a prior must not lean on sources.
#pragma once

#include <string_view>

namespace heretix {

// "http://", "https://" or "www.", in any case. An address that the claim itself names is no source: for the claim
// "https://example.com is a web page" a reason that repeats this address cites nothing. Addresses are the same whatever
// their scheme, a "www." in front, and a slash or punctuation behind. `claim` may be empty: then every link counts.
bool has_link(std::string_view text, std::string_view claim);

}  // namespace heretix
