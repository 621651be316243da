// What is asked, of whom and how often: everything that names a measurement before it is made.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "belief/claim/claim.hpp"

namespace heretix {

inline constexpr std::size_t kMaxModelCharacters = 200;  // width of checks.model and checks.provider_model_id
inline constexpr int kMaxSlots = 4096;
inline constexpr int kMaxReplicates = 1024;
inline constexpr int kMaxDraws = 1'000'000;
inline constexpr int kMaxOutputTokens = 1'000'000;
inline constexpr int kMaxPromptChars = 1'000'000;

inline constexpr int kMaxSamples = 1000;  // of one frequency

inline constexpr int kMaxTogether = 1000;  // statements in one request

// Parts of a mode that belong to Readout::decision.
inline constexpr std::string_view kNoNegation = "none";  // of "negation": statements are asked without their negations
inline constexpr std::string_view kReversedOrder = "reversed";  // of "order": the statements of a request, last first

// How a probability is read off the model (docs/readouts.md).
enum class Readout {
  verbalized,  // the number that it writes
  token,       // the probability of the word True against False
  frequency,   // how often it says True
  expected,    // the mean of all numbers that it might write, by its token probabilities
  decision,    // the probability that it states for a statement and for its negation, without a text
};
inline constexpr std::array kReadouts = {Readout::verbalized, Readout::expected, Readout::token, Readout::frequency,
                                         Readout::decision};

// Whether the question is to be answered by True or False, and not by a number or a statement.
constexpr bool asks_for_a_word(Readout readout) { return readout == Readout::token || readout == Readout::frequency; }

// Whether the probabilities of the tokens of an answer are read.
constexpr bool reads_tokens(Readout readout) { return readout == Readout::token || readout == Readout::expected; }

std::string_view to_word(Readout readout);
std::optional<Readout> known_readout(std::string_view word);  // empty for another word
Readout readout_from(const std::string& word);  // empty: verbalized; throws Error{bad_input} naming the words

// How an answer is made, as far as that changes the answer. It is part of every cache key.
class Mode {
 public:
  static Mode live() { return Mode("LIVE"); }
  static Mode mock() { return Mode("MOCK"); }

  // Only what differs from the default belongs here. Numbers in shortest round-trip decimal.
  Mode& with(const std::string& name, const std::string& value);

  Mode& without(const std::string& name);

  bool is_mock() const { return base_ == "MOCK"; }
  std::string value(const std::string& name) const;  // empty: at its default
  std::string text() const;                          // "LIVE;gguf=…;temperature=0.7", names in byte order
  std::string recipe_text() const;                   // the same without its run= part

 private:
  explicit Mode(std::string base) : base_(std::move(base)) {}
  std::string base_;
  std::map<std::string, std::string> parameters_;
};

// Which interval decides where a ladder stops. Builds up to November 2026 went by honest_v1.
enum class LadderRule { honest_v1, belief_v2 };
std::string_view to_word(LadderRule rule);
std::optional<LadderRule> ladder_rule_from(std::string_view word);  // empty for another word

// Sampling until precise (docs/ladder.md): templates in a seeded order of their own, one answer each, rung by rung.
struct Ladder {
  std::vector<int> rungs;  // ascending; the last one is K
  double target;           // width of the 95 % interval, in (0, 1]
  LadderRule rule = LadderRule::belief_v2;
};

struct Sampling {
  int slots = 8;                   // K, >= 1
  int replicates = 2;              // R, >= 1
  std::optional<int> templates{};  // T, in [1, bank]; empty: the whole bank
  int draws = 5000;                // B, >= 1
  int max_output_tokens = 1024;    // of one answer
  int max_prompt_chars = 1200;     // code points of one full prompt
  std::optional<Ladder> ladder{};  // then K is its last rung, R 1 and T the bank
};

struct Recipe {
  Claim claim;
  ModelName model;  // e.g. "openai/gpt-5", "llama/SmolLM2-135M-Instruct.Q4_1"
  Mode mode = Mode::live();
  Sampling sampling;

  Readout readout() const { return readout_from(mode.value("readout")); }
};

// Throws Error{bad_input} naming the field, its value and its limits. `bank_size` bounds T.
void require_valid(const Recipe& recipe, std::size_t bank_size);

}  // namespace heretix
