#include "models/llama/letter_form.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "models/llama/token_choices.hpp"

namespace heretix {

LetterForm::LetterForm(const LlamaModel& model) : model_(model) {
  if (!model.has_chat_template()) {
    why_not_ = "its file has no chat template";
    return;
  }
  std::vector<bool> is_found(kMostLetters, false);
  for (Token token = 0; token < static_cast<Token>(model.vocabulary_size()); ++token) {
    std::string_view piece = model.piece(token);
    if (piece.starts_with(' ')) piece.remove_prefix(1);
    if (piece.size() != 1 || piece[0] < 'A' || piece[0] >= static_cast<char>('A' + kMostLetters)) continue;
    letters_.push_back(static_cast<std::size_t>(piece[0] - 'A'));
    tokens_.push_back(token);
    is_found[letters_.back()] = true;
  }
  if (std::ranges::find(is_found, false) != is_found.end())
    why_not_ = "its tokenizer has no single tokens for the letters";
}

TokenPrompt LetterForm::prompt(const std::string& system, const std::string& user) const {
  ChatPrompt rendered = model_.chat_template().render(system, user);
  const std::vector<Token> start = model_.tokens_as_one(rendered.shared, true);
  std::vector<PromptPart> whole = std::move(rendered.shared);
  whole.insert(whole.end(), rendered.own.begin(), rendered.own.end());

  // What is cut off may have changed the last token before the cut, so only what the tokens have in common counts.
  TokenPrompt prompt{.tokens = model_.tokens_as_one(whole, true)};
  prompt.state_ends = static_cast<std::size_t>(std::ranges::mismatch(prompt.tokens, start).in1 - prompt.tokens.begin());
  prompt.state_ends = std::min(prompt.state_ends, prompt.tokens.size() - 1);  // the last gives the answer
  return prompt;
}

LetterShares LetterForm::read(const float* logits, double temperature) const {
  std::vector<Token> all(model_.vocabulary_size());
  std::iota(all.begin(), all.end(), 0);
  const std::vector<double> p = softmax(logits, all, temperature);

  LetterShares found{.shares = std::vector<double>(kMostLetters, 0.0)};
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const double share = p[static_cast<std::size_t>(tokens_[i])];
    found.shares[letters_[i]] += share;
    found.mass += share;
  }
  if (!std::isfinite(found.mass) || !(found.mass > 0))
    throw Error(ErrorKind::broken, "the model's logits are not numbers");
  for (double& share : found.shares) share /= found.mass;
  found.mass = std::min(1.0, found.mass);
  return found;
}

}  // namespace heretix
