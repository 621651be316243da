// Answers grouped by template, as the estimator needs them, and how many kept the agreed form.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "belief/answer/verdict.hpp"
#include "belief/estimate/estimate.hpp"
#include "belief/plan/plan.hpp"

namespace heretix {

// One reply to one question, judged. Fields that are unknown, as in a file written by another program, stay empty.
struct Answer {
  std::string cache_key;
  int attempt = 1;
  std::optional<std::string> raw_text{};
  Verdict verdict{};
  std::string logprobs{};       // of a part (belief/readout/): its token probabilities, JSON
  std::string model_version{};  // as the provider named it
  std::string response_id{};
  std::string finish{};  // the provider's own word for how it stopped
  std::optional<long> tokens_in{};
  std::optional<long> tokens_out{};
  std::optional<long> tokens_reasoning{};  // of tokens_out
  double latency_ms = 0;
  long long created_at = 0;  // Unix seconds, UTC
  bool from_store = false;   // not paid for by this execution
};

// Whether the answer was cut off at its output limit because the model's thinking took all or most of it.
bool was_thought_away(const Answer& answer);

// How many of these answers ended at their output limit.
std::size_t cut_short(const std::vector<std::optional<Answer>>& answers);

// How many answers contradict the label that they put beside their own number (belief/answer/label.hpp).
struct LabelAgreement {
  struct Wording {
    int paraphrase_idx = 0;
    std::size_t judged = 0;
    std::size_t contradicting = 0;
  };
  std::size_t judged = 0;  // usable answers with one of the five labels
  std::size_t contradicting = 0;
  std::vector<Wording> wordings{};  // with a judged answer, in plan order

  double share() const { return judged == 0 ? 0.0 : static_cast<double>(contradicting) / static_cast<double>(judged); }
};

struct Tally {
  std::vector<TemplateLogits> by_template;              // in plan order, only those with usable answers
  std::vector<std::vector<Probability>> probabilities;  // the same answers before the clamp
  std::size_t answered = 0;
  std::size_t usable = 0;
  std::size_t from_store = 0;
  LabelAgreement labels{};

  double compliance() const {
    return answered == 0 ? 0.0 : static_cast<double>(usable) / static_cast<double>(answered);
  }
  double cache_hit_rate() const {
    return answered == 0 ? 0.0 : static_cast<double>(from_store) / static_cast<double>(answered);
  }
};

// `answers[i]` is the answer that counts for `plan.questions[i]`, empty where none came.
Tally tally(const Plan& plan, const std::vector<std::optional<Answer>>& answers);

}  // namespace heretix
