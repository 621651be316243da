// All the numbers that the model might write in one answer, walked by its own token probabilities.
#pragma once

#include <map>
#include <vector>

#include "belief/readout/number_tree.hpp"
#include "models/llama/answer_form.hpp"
#include "models/llama/model.hpp"

namespace heretix {

// Walked until the mean can lie only in a stretch of at most kRemainingReach.
class TokenTree {
 public:
  // A way from the opening of the answer to where the number goes on.
  struct Branch {
    std::vector<Token> path;
    std::string text;  // of the number
    AnswerForm::Place place;
    double mass = 1;

    // How far the mean may move while this is open.
    double movable() const { return mass * reach_of(text).length(); }
  };

  explicit TokenTree(AnswerForm::Place start) : open_{{{}, "", start, 1}} {}

  // Takes out the open branches to be evaluated and then grown, those first that can move the mean most: no more than
  // surely have to be, and at most `most`. Empty once the tree is done.
  std::vector<Branch> take(std::size_t most);

  // `probabilities[i]` of `allowed[i]`, which may follow on a branch that was taken; they are 1 together.
  void grow(const Branch& from, const AnswerForm& form, const LlamaModel& model, const std::vector<Token>& allowed,
            const std::vector<double>& probabilities);

  std::size_t evaluated() const { return evaluated_; }

  // Once every branch that was taken has grown.
  NumberSpread spread() const;

 private:
  std::vector<Branch> open_;
  std::map<std::string, double> numbers_;
  std::size_t evaluated_ = 0;
};

}  // namespace heretix
