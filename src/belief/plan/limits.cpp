#include "belief/plan/limits.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "belief/estimate/draw_limit.hpp"
#include "belief/estimate/estimate.hpp"

namespace heretix {

static_assert(kMaxDraws == kMaxBootstrapDraws, "what a recipe may ask for is what the estimator takes");

void require_in(const char* name, long value, long least, long most) {
  if (value >= least && value <= most) return;
  throw Error(ErrorKind::bad_input, fmt::format("{} is {}; it must be from {} to {}", name, value, least, most),
              fmt::format("give a {} in that range", name));
}

void require_ranges(const Sampling& s) {
  require_in("K (slots)", s.slots, 1, kMaxSlots);
  require_in("R (replicates)", s.replicates, 1, kMaxReplicates);
  require_in("B (bootstrap draws)", s.draws, 1, kMaxDraws);
  require_in("max_output_tokens", s.max_output_tokens, 1, kMaxOutputTokens);
  require_in("max_prompt_chars", s.max_prompt_chars, 1, kMaxPromptChars);
}

std::int64_t questions_of(const Sampling& sampling, Readout readout, int samples) {
  const std::int64_t answers = std::int64_t{sampling.slots} * sampling.replicates;
  if (readout == Readout::decision) return 2 * answers;  // each statement and its negation
  return readout == Readout::frequency ? answers * samples : answers;
}

void require_measurable(const Sampling& sampling, Readout readout, int samples, std::int64_t most_questions) {
  require_ranges(sampling);
  const std::int64_t answers = std::int64_t{sampling.slots} * sampling.replicates;
  if (answers < static_cast<std::int64_t>(kMinAnswers))
    throw Error(ErrorKind::bad_input,
                fmt::format("the plan asks for {} answer{}; an estimate needs at least {}", answers,
                            answers == 1 ? "" : "s", kMinAnswers),
                "ask more templates (-K) or more replicates (-R)");

  const std::int64_t questions = questions_of(sampling, readout, samples);
  if (questions <= most_questions) return;

  // Each readout multiplies the questions in its own way, so each message shows its own product.
  if (readout == Readout::frequency)
    throw Error(
        ErrorKind::bad_input,
        fmt::format("K times R times samples is {} times {} times {} = {} questions; one measurement asks at most {}",
                    sampling.slots, sampling.replicates, samples, questions, most_questions),
        "give a smaller K, or fewer samples");

  if (readout == Readout::decision)
    throw Error(
        ErrorKind::bad_input,
        fmt::format(
            "K times R, each with its negation, is {} times {} times 2 = {} questions; one measurement asks at most {}",
            sampling.slots, sampling.replicates, questions, most_questions),
        "give a smaller K");
  throw Error(ErrorKind::bad_input,
              fmt::format("K times R is {} times {} = {} questions; one measurement asks at most {}", sampling.slots,
                          sampling.replicates, questions, most_questions),
              "give a smaller K or R");
}

}  // namespace heretix
