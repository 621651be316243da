#include "answer/thinking.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// In lower case, as they are looked for.
struct Spelling {
  std::string_view opening, closing;
};
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

enum class MarkKind { opening, opening_with_attributes, closing };

struct Mark {
  MarkKind kind = MarkKind::opening;
  std::size_t spelling = 0;
  std::size_t size = 0;
};

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }

// "<think " for "<think>".
bool opens_with_attributes(std::string_view rest, std::string_view opening) {
  const std::string_view name = opening.substr(0, opening.size() - 1);
  return rest.size() > name.size() && rest.starts_with(name) && is_space(rest[name.size()]);
}

std::optional<Mark> mark_at(std::string_view lower, std::size_t at) {
  const std::string_view rest = lower.substr(at);
  for (std::size_t i = 0; i < kSpellings.size(); ++i) {
    const auto& [opening, closing] = kSpellings[i];
    if (rest.starts_with(opening)) return Mark{MarkKind::opening, i, opening.size()};
    if (rest.starts_with(closing)) return Mark{MarkKind::closing, i, closing.size()};
    if (i < kPlainTags && opens_with_attributes(rest, opening))
      return Mark{MarkKind::opening_with_attributes, i, opening.size()};
  }
  return std::nullopt;
}

std::size_t next_candidate(std::string_view text, std::size_t from) {
  return std::min(text.find_first_of("<[\xE2", from), text.size());  // the first byte of ◁
}

bool is_inside(std::string_view text, std::size_t at, std::span<const std::string_view> stretches) {
  const char* place = text.data() + at;
  return std::ranges::any_of(stretches,
                             [&](std::string_view s) { return place >= s.data() && place < s.data() + s.size(); });
}

// Of a text in the harmony format; empty where there is no final message.
std::optional<std::string_view> final_message(std::string_view text, std::string_view lower) {
  const std::size_t channel = lower.rfind(kFinalChannel);
  if (channel == std::string_view::npos) return std::nullopt;
  const std::size_t header_end = lower.find(kMessage, channel);
  if (header_end == std::string_view::npos) return std::nullopt;

  const std::size_t begin = header_end + kMessage.size();
  std::size_t end = text.size();
  for (const std::string_view mark : kMessageEnds) end = std::min(end, lower.find(mark, begin));
  return text.substr(begin, end - begin);
}

bool has_channels(std::string_view lower) { return lower.find(kChannel) != std::string_view::npos; }

bool has_bare_channels(std::string_view lower) {
  return lower.starts_with(kBareAnalysis) && lower.find(kBareFinal) != std::string_view::npos;
}

}  // namespace

bool has_thinking_marks(std::string_view text) {
  const std::string lower = to_lower_ascii(text);
  if (has_channels(lower) || has_bare_channels(lower)) return true;
  for (std::size_t at = next_candidate(lower, 0); at < lower.size(); at = next_candidate(lower, at + 1)) {
    if (mark_at(lower, at)) return true;
  }
  return false;
}

std::optional<std::string_view> after_thinking(std::string_view text, std::span<const std::string_view> answers) {
  const std::string lower = to_lower_ascii(text);
  if (has_channels(lower)) return final_message(text, lower);
  if (has_bare_channels(lower)) return text.substr(lower.rfind(kBareFinal) + kBareFinal.size());

  std::size_t said_from = 0;
  bool is_open = false;
  std::array<int, kPlainTags> text_elements{};  // opened with attributes, so that their closing tags end no thinking
  for (std::size_t at = next_candidate(lower, 0); at < lower.size(); at = next_candidate(lower, at)) {
    const auto mark = mark_at(lower, at);
    const bool counts = mark && !is_inside(text, at, answers);
    const std::size_t end = at + (mark ? mark->size : 1);
    if (counts && mark->kind == MarkKind::opening) {
      is_open = true;
    } else if (counts && mark->kind == MarkKind::opening_with_attributes) {
      ++text_elements[mark->spelling];
    } else if (counts && mark->spelling < kPlainTags && text_elements[mark->spelling] > 0) {
      --text_elements[mark->spelling];
    } else if (counts) {
      said_from = end;
      is_open = false;
    }
    at = end;
  }
  if (is_open) return std::nullopt;
  return text.substr(said_from);
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
    at = std::min(lower.find_first_not_of(kSpace, end + found->closing.size()), lower.size());
  }
}

}  // namespace heretix
