// Where a model's thinking ends and its answer begins, by the marks that models put around their thinking.
//
// A model thinks aloud between two marks. The chat template often writes the first of them itself, so that only the
// closing one stands in the text. Whatever comes before the last closing mark was thought, not said (docs/answers.md).
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace heretix {

// The two marks that models of one family put around their thinking, in lower case.
struct ThinkingSpelling {
  std::string_view opening, closing;
};
std::span<const ThinkingSpelling> thinking_spellings();

// The marks of one text, found in time linear in it. The text is borrowed.
class ThinkingMarks {
 public:
  explicit ThinkingMarks(std::string_view text);

  bool empty() const { return marks_.empty() && !in_channels(); }
  bool any_after(std::size_t place) const { return !marks_.empty() && marks_.back().begin > place; }
  bool any_in(std::string_view stretch) const;

  // What was said after the thinking; empty if the thinking never ends. `answers` are the stretches of the text that
  // have the form of an answer: a mark inside one of them is only quoted there.
  std::optional<std::string_view> said(std::span<const std::string_view> answers) const;

 private:
  enum class Kind { opening, opening_with_attributes, closing };
  struct Mark {
    Kind kind = Kind::opening;
    std::size_t spelling = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  std::optional<Mark> mark_at(std::size_t at) const;
  bool in_channels() const { return has_channels_ || has_bare_channels_; }
  std::optional<std::string_view> final_message() const;

  std::string_view text_;
  std::vector<Mark> marks_;
  bool has_channels_ = false;       // of the harmony format
  bool has_bare_channels_ = false;  // the same without its special tokens
};

// The text after its thinking, by the rules of version 1: only sections at the beginning count, in angle brackets, each
// up to the first closing tag of the same name.
std::optional<std::string_view> after_leading_thinking(std::string_view text);

}  // namespace heretix
