// Answers that are read off a model instead of being written by it: which parts have to be asked, and what they make.
//
// A part is a question like any other: it has a key, and it is asked once, paid for once and kept. The answer that
// parts make is computed anew whenever it is needed, and its own text says what it was made of (docs/readouts.md).
// Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "belief/answer/tally.hpp"
#include "belief/plan/plan.hpp"

namespace heretix {

inline constexpr int kPartTokens = 8;          // of the output: the first of a word, or a number
inline constexpr std::size_t kMostParts = 32;  // of one expected answer
inline constexpr int kDefaultSamples = 20;     // of one frequency
inline constexpr std::string_view kAnswerOpening = R"({"belief":{"prob_true":)";

class Parts {
 public:
  // For a plan with another readout than verbalized. The plan is borrowed.
  explicit Parts(const Plan& plan);

  // All the parts that are known to be needed so far; earlier parts keep their places.
  const Plan& to_ask() const { return parts_; }

  // Adds the parts that these answers call for; returns false if there are no more. `answers` are by part.
  bool add_further(const std::vector<std::optional<Answer>>& answers);

  // The answers by question of the plan; empty where a part is missing.
  std::vector<std::optional<Answer>> compose(const std::vector<std::optional<Answer>>& answers) const;

 private:
  struct Group {  // the parts of one prompt
    std::string user_text;
    std::string negated_text;  // empty: not asked
    int paraphrase_idx = 0;
    std::vector<std::size_t> parts;
  };
  void ask(Group& group, int sample, const std::string& begun);
  void ask_negation(Group& group);
  void add(Group& group, Question part, const std::string& begun);
  // `step`: of the numbers that are stated in this run, for Readout::decision.
  Answer composed(const Question& question, const Group& group, const std::vector<const Answer*>& parts,
                  double step) const;
  nlohmann::json evidence_of(const Group& group, const std::vector<const Answer*>& parts, double step) const;
  const Answer* fault_among(const std::vector<const Answer*>& parts) const;  // why nothing is made of them; null: it is

  const Plan& plan_;
  Readout readout_;
  Plan parts_;
  std::vector<Group> groups_;              // by first appearance
  std::vector<std::size_t> group_of_;      // by question of the plan
  std::vector<std::string> begun_before_;  // by part
};

// The most questions that one answer of the plan is made of; 1 if the model writes it.
int most_parts(const Recipe& recipe);

// Whether a reply to a part can be used. The probability is 1 or 0 for a frequency, and the number that was stated for
// a decision; for the other readouts it stays empty.
Verdict read_part(Readout readout, const Question& part, const std::string& text, const std::string& logprobs);

// Whether what a composed answer says it was made of gives its own number. Empty if it does, else the contradiction.
std::string contradiction_in(const std::string& composed);

}  // namespace heretix
