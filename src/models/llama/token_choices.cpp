#include "models/llama/token_choices.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace heretix {

std::vector<Token> allowed_tokens(const AnswerForm& form, const LlamaModel& model, AnswerForm::Place place) {
  std::vector<Token> allowed;
  for (const char byte : form.allowed(place)) {
    for (const Token token : model.starting_with(byte)) {
      if (form.after(place, model.piece(token))) allowed.push_back(token);
    }
  }
  return allowed;
}

std::vector<double> softmax(const float* logits, const std::vector<Token>& tokens, double temperature) {
  double most = -std::numeric_limits<double>::infinity();
  for (const Token t : tokens) most = std::max(most, static_cast<double>(logits[t]));

  std::vector<double> p;
  double total = 0;
  for (const Token t : tokens) {
    p.push_back(std::exp((static_cast<double>(logits[t]) - most) / temperature));
    total += p.back();
  }
  for (double& each : p) each /= total;
  return p;
}

}  // namespace heretix
