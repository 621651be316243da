// Which tokens may come next, and how probable each of them is.
#pragma once

#include <vector>

#include "models/llama/answer_form.hpp"
#include "models/llama/model.hpp"

namespace heretix {

// The tokens that keep to the form, by their first byte and then in the order of the vocabulary.
std::vector<Token> allowed_tokens(const AnswerForm& form, const LlamaModel& model, AnswerForm::Place place);

// The probability of each of `tokens` among themselves, with logits divided by `temperature` (> 0).
std::vector<double> softmax(const float* logits, const std::vector<Token>& tokens, double temperature);

}  // namespace heretix
