// All the numbers that the model might write in one answer, walked by its own token probabilities.
#pragma once

#include <functional>
#include <vector>

#include "belief/readout/number_tree.hpp"
#include "models/llama/answer_form.hpp"
#include "models/llama/model.hpp"

namespace heretix {

// Walked until kRemainingMass is open.
class TokenTree {
 public:
  // A way from the opening of the answer to where the number goes on.
  struct Branch {
    std::vector<Token> path;
    std::string text;  // of the number
    AnswerForm::Place place;
    double mass = 1;
  };

  explicit TokenTree(AnswerForm::Place start) : open_{{{}, "", start, 1}} {}

  // The most probable open branch, to be evaluated and then grown; it stays open until it is.
  const Branch& next() const { return open_.front(); }
  bool is_done() const;

  // `probabilities[i]` of `allowed[i]`, which may follow on next(); they are 1 together.
  void grow(const AnswerForm& form, const LlamaModel& model, const std::vector<Token>& allowed,
            const std::vector<double>& probabilities);

  std::size_t evaluated() const { return evaluated_; }
  NumberSpread spread() const;

 private:
  std::vector<Branch> open_;  // a heap by mass
  std::map<std::string, double> numbers_;
  std::size_t evaluated_ = 0;
};

}  // namespace heretix
