// The answer to a question of the System One API: the numbers over all wordings, each with its interval.
//
// The probabilities of the wordings are averaged in log-odds, as belief_v2 does (belief/stats/belief_v2.hpp), and are
// normalised. What else an answer states is computed from the numbers that it shows. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "belief/decide/decision_request.hpp"

namespace heretix {

struct Ends {
  double low = 0, high = 0;
};

struct DecisionAnswer {
  DecisionKind kind = DecisionKind::noul;
  std::size_t wordings = 0;  // that it rests on
  std::string record;        // what heretix verify takes
  std::size_t asked = 0;     // wordings; of some the answer may not be usable

  // Of a noul.
  double noul = 0;
  std::optional<Ends> noul_ends{};
  std::optional<double> yes_bias{};  // in log-odds; empty: the negation was not asked

  // Of a choice or a score, in the order of the canonical question.
  std::vector<double> probabilities{};
  std::vector<Ends> ends{};  // of each probability
  double confidence = 0;
  std::size_t chosen = 0;  // of a choice: the likeliest option
  double score = 0;        // of a score
  std::optional<Ends> score_ends{};

  // What the model read and wrote for it.
  long input_tokens = 0, output_tokens = 0;
};

// As many decimals as answers show.
double rounded_probability(double p);

// `question` is canonical. `shares`: the probability of every option by wording (option_shares()); at least one
// wording.
DecisionAnswer decide(const DecisionQuestion& question, const std::vector<std::vector<double>>& shares);

// TypeSafe's formulas. `p` holds at least two probabilities.
double choice_confidence(const std::vector<double>& p);
double score_confidence(const std::vector<double>& p);

// In the form of the API. `question` is as it was given: its options may stand in another order than those of the
// question that was decided, which is canonical.
nlohmann::ordered_json to_json(const DecisionAnswer& answer, const DecisionQuestion& question);

// For the store: everything but what the question says.
nlohmann::json stored_json(const DecisionAnswer& answer);
DecisionAnswer decision_answer_from(const nlohmann::json& stored);  // throws nlohmann's exceptions

}  // namespace heretix
