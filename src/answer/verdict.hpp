// What a model said, read by fixed rules: a usable probability, or a refusal with its reason.
//
// The rules (docs/answers.md) never guess: an answer is read in one way or not at all. Checked against
// tests/golden/answers.json.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/belief.hpp"

namespace heretix {

inline constexpr std::size_t kMaxAnswerBytes = 65536;
inline constexpr int kMaxAnswerDepth = 64;  // the outermost value counts 1

// The first rule that refused. The words are stored: see to_word().
enum class Reason {
  too_long,
  empty,
  not_json,
  duplicate_key,
  too_deep,
  ambiguous,
  truncated,  // rules 1 to 3
  no_probability,
  not_a_number,
  out_of_range,
  contradictory,  // rules 4 and 5
  refused,        // rule 6
  cites_source,   // rule 7
  provider_refusal,
  content_filter,
  length_stop,
  tool_use,
  unknown_finish,  // rule 8
};

std::string_view to_word(Reason reason);
std::optional<Reason> reason_from(std::string_view word);

// Whether the question may be asked once more: its form failed, it leaned on a source, or the model called a tool
// instead of answering. Never after a refusal, a filter, a length stop or an ending that nobody knows.
bool deserves_another_try(Reason reason);

struct Verdict {
  std::optional<Probability> prob_true;  // kept with the row even where a reason forbids its use
  std::optional<Reason> reason;          // empty: usable
  bool usable() const { return !reason; }
};

// By how the provider says that the answer ended (rule 8), whatever its text is.
bool is_by_ending(Reason reason);

// Whether there is nothing but thinking in it (docs/answers.md, rule 2): no answer was begun.
bool is_only_thinking(std::string_view raw);

// Total: any bytes give a verdict, within time linear in their number. Thread-safe.
Verdict read_answer(std::string_view raw);

}  // namespace heretix
