// Links in an answer: a prior must not lean on sources.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heretix {

// Finds the links in a text: "http://", "https://" or "www.", in any case. An address that the claim itself names is
// not a source: for the claim "https://example.com is a web page" a reason that repeats this address cites nothing. Two
// addresses are the same whatever their scheme, a leading "www.", and a trailing slash or punctuation. If the claim is
// empty, every link counts.
class ForeignLinks {
 public:
  explicit ForeignLinks(std::string_view claim);

  bool are_in(std::string_view text) const;

 private:
  std::vector<std::string> own_;  // the claim's addresses, bare
};

}  // namespace heretix
