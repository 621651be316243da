// The agreed form of an answer as a state machine over bytes: what may come next, and what must.
//
// Only the probability and its label are the model's to choose; the rest of the object is fixed. Text that leaves no
// choice is appended in one step, and a forced tail is not evaluated at all.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

class AnswerForm {
 public:
  static AnswerForm belief();  // the JSON object of docs/answers.md
  static AnswerForm word();    // True or False, in whatever case, with or without a space before it

  // A place in the form. Start with start(); comparable, cheap to copy.
  struct Place {
    std::size_t part = 0;
    std::size_t node = 0;
    bool operator==(const Place&) const = default;
  };

  Place start() const { return {}; }
  bool is_done(Place place) const;
  std::string allowed(Place place) const;                                 // the bytes that may come next
  std::optional<Place> after(Place place, std::string_view bytes) const;  // empty where they do not fit

  // Everything from `place` on that leaves no choice.
  struct Forced {
    std::string text;
    Place place;
  };
  Forced forced(Place place) const;

 private:
  explicit AnswerForm(const std::vector<std::vector<std::string>>& parts);
  struct Node {
    std::map<char, std::size_t> next{};
    bool ends = false;  // a whole alternative ends here
  };
  using Trie = std::vector<Node>;

  static Trie trie_of(const std::vector<std::string>& alternatives);
  std::optional<Place> after_byte(Place place, char byte) const;
  Place settled(Place place) const;

  std::vector<Trie> parts_;
};

}  // namespace heretix
