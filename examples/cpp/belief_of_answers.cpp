// What do answers that you collected yourself say about a claim?
//
// Reads one line for each wording from standard input, with the probabilities that the model stated under it:
//
//   0.80 0.85
//   0.70
//   0.90 0.95
//
// and prints the belief with its 95 % interval, and whether there is a stable one (docs/estimator.md, belief_v2).
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/resolution.hpp"
#include "belief/judge/agreement.hpp"
#include "belief/stats/belief_v2.hpp"

int main() {
  // Every wording weighs the same, however many answers it got.
  std::vector<std::vector<heretix::NumberRead>> wordings;
  try {
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream numbers(line);
      std::vector<heretix::NumberRead> answers;

      // Each number is read at the resolution with which it was written: 1 says "at least 0.995".
      for (std::string number; numbers >> number;)
        answers.push_back(
            heretix::read_as_written(heretix::Probability{std::stod(number)}, heretix::decimals_written(number)));
      if (!answers.empty()) wordings.push_back(std::move(answers));
    }

    const heretix::BeliefV2 belief = heretix::belief_v2(wordings, {});
    std::printf("p = %.4f from %zu answers to %zu wordings\n", belief.p().value(), belief.found.answers,
                belief.found.templates);
    const auto interval = belief.interval();
    if (!interval) {
      std::puts("one wording alone says nothing about how much the wording matters: no interval");
      return 0;
    }
    std::printf("95 %% interval %.4f to %.4f\n", interval->low.value(), interval->high.value());

    const heretix::Agreement agreement = heretix::agreement_of(belief);
    if (agreement.is_stable == false) std::puts(heretix::no_stable_belief(agreement).c_str());
  } catch (const heretix::Error& e) {
    std::fprintf(stderr, "belief_of_answers: %s\n", e.what());
    return 2;
  } catch (const std::logic_error&) {
    std::fputs("belief_of_answers: a line holds something other than numbers\n", stderr);
    return 2;
  }
}
