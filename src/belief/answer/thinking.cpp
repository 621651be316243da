#include "belief/answer/thinking.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"

namespace heretix {
namespace {

using Spelling = ThinkingSpelling;
constexpr std::array kSpellings = {
    Spelling{"<think>", "</think>"},  // DeepSeek, Qwen and most others
    Spelling{"<thinking>", "</thinking>"},
    Spelling{"<thought>", "</thought>"},
    Spelling{"<reasoning>", "</reasoning>"},
    Spelling{"<reflection>", "</reflection>"},
    Spelling{"<scratchpad>", "</scratchpad>"},
    Spelling{"[think]", "[/think]"},                            // Mistral
    Spelling{"<seed:think>", "</seed:think>"},                  // Seed-OSS
    Spelling{"◁think▷", "◁/think▷"},                            // Kimi K2
    Spelling{"<|open|>think<|sep|>", "<|close|>think<|sep|>"},  // Kimi K3
    Spelling{"<|channel>thought", "<channel|>"},                // Gemma 4
    Spelling{"<|begin_of_thought|>", "<|end_of_thought|>"},     // OpenThinker
};
constexpr std::size_t kPlainTags = 6;  // of them: in angle brackets, where a tag of the same name may have attributes

// The harmony format (gpt-oss): messages in channels, of which only this one is for the reader.
constexpr std::string_view kChannel = "<|channel|>";
constexpr std::string_view kFinalChannel = "<|channel|>final";
constexpr std::string_view kMessage = "<|message|>";
constexpr std::array<std::string_view, 3> kMessageEnds = {"<|return|>", "<|end|>", "<|start|>"};

// The same where a server has left out the special tokens.
constexpr std::string_view kBareAnalysis = "analysis";
constexpr std::string_view kBareFinal = "assistantfinal";

bool is_space(char c) { return kWhiteSpace.find(c) != std::string_view::npos; }

bool starts_with_word(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() && to_lower_ascii(text.substr(0, lower_case.size())) == lower_case;
}

// "<think " for "<think>".
bool opens_with_attributes(std::string_view rest, std::string_view opening) {
  const std::string_view name = opening.substr(0, opening.size() - 1);
  return rest.size() > name.size() && starts_with_word(rest, name) && is_space(rest[name.size()]);
}

// The places where a mark may begin: those of three bytes, each looked for by itself, which is quick.
class Candidates {
 public:
  explicit Candidates(std::string_view text) : text_(text) {
    for (std::size_t i = 0; i < kFirst.size(); ++i) next_[i] = text_.find(kFirst[i]);
  }

  // npos: no further one.
  std::size_t next(std::size_t from) {
    for (std::size_t i = 0; i < kFirst.size(); ++i) {
      if (next_[i] < from) next_[i] = text_.find(kFirst[i], from);
    }
    return std::ranges::min(next_);
  }

 private:
  static constexpr std::array kFirst = {'<', '[', '\xE2'};  // the last one begins ◁
  std::string_view text_;
  std::array<std::size_t, kFirst.size()> next_{};
};

bool is_inside(std::string_view text, std::size_t at, std::string_view stretch) {
  const char* place = text.data() + at;
  return place >= stretch.data() && place < stretch.data() + stretch.size();
}

}  // namespace

std::span<const ThinkingSpelling> thinking_spellings() { return kSpellings; }

std::optional<ThinkingMarks::Mark> ThinkingMarks::mark_at(std::size_t at) const {
  const std::string_view rest = text_.substr(at);
  for (std::size_t i = 0; i < kSpellings.size(); ++i) {
    const auto& [opening, closing] = kSpellings[i];
    if (starts_with_word(rest, opening)) return Mark{Kind::opening, i, at, at + opening.size()};
    if (starts_with_word(rest, closing)) return Mark{Kind::closing, i, at, at + closing.size()};
    if (i < kPlainTags && opens_with_attributes(rest, opening))
      return Mark{Kind::opening_with_attributes, i, at, at + opening.size()};
  }
  return std::nullopt;
}

ThinkingMarks::ThinkingMarks(std::string_view text) : text_(text) {
  has_bare_channels_ = text_.starts_with(kBareAnalysis) && text_.find(kBareFinal) != std::string_view::npos;
  Candidates candidates(text_);
  for (std::size_t at = candidates.next(0); at != std::string_view::npos;) {
    const auto mark = mark_at(at);
    if (mark) marks_.push_back(*mark);
    has_channels_ = has_channels_ || text_.substr(at).starts_with(kChannel);
    at = candidates.next(mark ? mark->end : at + 1);
  }
}

bool ThinkingMarks::any_in(std::string_view stretch) const {
  return std::ranges::any_of(marks_, [&](const Mark& mark) { return is_inside(text_, mark.begin, stretch); });
}

// Empty where there is none.
std::optional<std::string_view> ThinkingMarks::final_message() const {
  const std::size_t channel = text_.rfind(kFinalChannel);
  if (channel == std::string_view::npos) return std::nullopt;
  const std::size_t header_end = text_.find(kMessage, channel);
  if (header_end == std::string::npos) return std::nullopt;

  const std::size_t begin = header_end + kMessage.size();
  std::size_t end = text_.size();
  for (const std::string_view mark : kMessageEnds) end = std::min(end, text_.find(mark, begin));
  return text_.substr(begin, end - begin);
}

std::optional<std::string_view> ThinkingMarks::said(std::span<const std::string_view> answers) const {
  if (has_channels_) return final_message();
  if (has_bare_channels_) return text_.substr(text_.rfind(kBareFinal) + kBareFinal.size());

  std::size_t said_from = 0;
  bool is_open = false;
  std::array<int, kPlainTags> text_elements{};  // opened with attributes, so that their closing tags end no thinking
  for (const Mark& mark : marks_) {
    const auto holds_it = [&](std::string_view answer) { return is_inside(text_, mark.begin, answer); };
    if (std::ranges::any_of(answers, holds_it)) continue;

    if (mark.kind == Kind::opening) {
      is_open = true;
    } else if (mark.kind == Kind::opening_with_attributes) {
      ++text_elements[mark.spelling];
    } else if (mark.spelling < kPlainTags && text_elements[mark.spelling] > 0) {
      --text_elements[mark.spelling];
    } else {
      said_from = mark.end;
      is_open = false;
    }
  }
  if (is_open) return std::nullopt;
  return text_.substr(said_from);
}

std::optional<std::string_view> after_leading_thinking(std::string_view text) {
  const std::string lower = to_lower_ascii(text);
  std::size_t at = 0;
  for (;;) {
    const std::string_view rest = std::string_view(lower).substr(at);
    const auto plain = std::span(kSpellings).first(kPlainTags);
    const auto found = std::ranges::find_if(plain, [&](const Spelling& s) { return rest.starts_with(s.opening); });
    if (found == plain.end()) return text.substr(at);
    const std::size_t end = lower.find(found->closing, at);
    if (end == std::string::npos) return std::nullopt;
    at = std::min(lower.find_first_not_of(kWhiteSpace, end + found->closing.size()), lower.size());
  }
}

}  // namespace heretix
