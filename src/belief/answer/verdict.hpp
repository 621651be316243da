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

// The version of the rules by which answers are read (docs/answers.md). Each record says which version read its
// answers, and answers of an earlier version can still be read by its rules.
inline constexpr int kAnswerRules = 2;

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
  searched,       // rule 7, by what stands around the text; builds up to November 2026 said cites_source
  provider_refusal,
  content_filter,
  length_stop,
  tool_use,
  unknown_finish,  // rule 8
  missing_answer,  // of a decision API: the reply answers other questions, but not this one
};

std::string_view to_word(Reason reason);
std::optional<Reason> reason_from(std::string_view word);

// Whether the question may be asked once more, because the answer's form failed, it leaned on a source, the model
// called a tool instead of answering, or the reply left the question out. Never after a refusal, a filter, a length
// stop or an unknown ending.
bool deserves_another_try(Reason reason);

struct Verdict {
  std::optional<Probability> prob_true;  // kept with the row even where a reason forbids its use
  std::optional<Reason> reason;          // empty: usable
  std::optional<bool>
      label_fits{};               // of a usable answer by rules 2 (belief/answer/label.hpp); empty: no label to judge
  std::optional<int> decimals{};  // that the number of a usable answer was written with; empty: it was not written
  bool usable() const { return !reason; }
};

// The note that is shown beside an answer that counts: "contradicts_label" if its number does not fit its label, else
// empty.
std::string_view note_of(const Verdict& verdict);

// How an answer is to be read.
struct AnswerReading {
  std::string_view claim{};  // that was asked about; its own addresses are not sources
  int rules = kAnswerRules;  // 1 or 2
};

// Whether the reason comes from how the provider says that the answer ended (rule 8), or from there being no answer,
// whatever the text is.
bool is_by_ending(Reason reason);

// Whether the text holds nothing but thinking, so that no answer was begun (docs/answers.md, rule 2).
bool is_only_thinking(std::string_view raw);

// Total: any bytes give a verdict, within time linear in their number. Thread-safe.
Verdict read_answer(std::string_view raw, const AnswerReading& reading);

// Reads a stored answer again from its raw text. What the reply told beside the text, how it ended and whether it
// showed a search, is taken from the verdict that was stored with it.
Verdict read_again(std::string_view raw, const Verdict& kept, const AnswerReading& reading);

}  // namespace heretix
