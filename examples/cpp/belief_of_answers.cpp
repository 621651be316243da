// What do answers that you collected yourself say about a claim?
//
// Reads one line for each wording from standard input, with the probabilities that the model stated under it:
//
//   0.80 0.85
//   0.70
//   0.90 0.95
//
// and prints the belief with its honest 95 % interval (docs/estimator.md; a record has it as `no_hull`).
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "belief/stats/honest.hpp"

int main() {
  // Every wording weighs the same, however many answers it got.
  std::vector<std::vector<heretix::Probability>> wordings;
  try {
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream numbers(line);
      std::vector<heretix::Probability> answers;
      for (double number; numbers >> number;) answers.emplace_back(number);
      if (!answers.empty()) wordings.push_back(std::move(answers));
    }

    const heretix::HonestInterval belief = heretix::honest_interval(wordings, {.level = heretix::Level::p95});
    std::printf("p = %.4f from %zu answers to %zu wordings\n", belief.p.value(), belief.answers, belief.templates);
    if (!belief.bounds) {
      std::puts("one wording alone says nothing about how much the wording matters: no interval");
      return 0;
    }
    const heretix::Interval& interval = belief.bounds->interval;
    std::printf("95 %% interval %.4f to %.4f\n", interval.low.value(), interval.high.value());
  } catch (const heretix::Error& e) {
    std::fprintf(stderr, "belief_of_answers: %s\n", e.what());
    return 2;
  }
}
