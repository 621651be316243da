#include "models/llama/token_tree.hpp"

#include <algorithm>
#include <utility>

namespace heretix {
namespace {

constexpr std::size_t kNumberPart = 1;  // of AnswerForm::belief()

// Equal ones by their text, so that the order never depends on anything else.
bool moves_more(const TokenTree::Branch& a, const TokenTree::Branch& b) {
  return std::pair(-a.movable(), a.path) < std::pair(-b.movable(), b.path);
}

}  // namespace

std::vector<TokenTree::Branch> TokenTree::take(std::size_t most) {
  std::ranges::sort(open_, moves_more);
  double movable = 0;  // how far the mean can move, over all of them
  for (const Branch& b : open_) movable += b.movable();

  // Those that are taken may close altogether, so that no fewer would do.
  std::size_t count = 0;
  for (; count < std::min(most, open_.size()) && movable > kRemainingReach; ++count) movable -= open_[count].movable();

  const auto end = open_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Branch> taken(std::make_move_iterator(open_.begin()), std::make_move_iterator(end));
  open_.erase(open_.begin(), end);
  return taken;
}

void TokenTree::grow(const Branch& from, const AnswerForm& form, const LlamaModel& model,
                     const std::vector<Token>& allowed, const std::vector<double>& probabilities) {
  ++evaluated_;
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    Branch to = from;
    to.mass *= probabilities[i];
    to.path.push_back(allowed[i]);
    to.text += model.piece(allowed[i]);
    const AnswerForm::Forced forced = form.forced(*form.after(from.place, model.piece(allowed[i])));
    to.text += forced.text;
    to.place = forced.place;
    if (to.place.part > kNumberPart) {
      numbers_[to.text.substr(0, to.text.find(','))] += to.mass;
      continue;
    }
    const std::vector<Token> appended = model.tokens(forced.text);
    to.path.insert(to.path.end(), appended.begin(), appended.end());
    open_.push_back(std::move(to));
  }
}

NumberSpread TokenTree::spread() const {
  NumberSpread spread{.numbers = numbers_, .open = {}, .explored_to = kRemainingReach};
  for (const Branch& b : open_) spread.open[b.text] += b.mass;
  round_masses(spread);
  return spread;
}

}  // namespace heretix
