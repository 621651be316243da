#include "models/llama/token_tree.hpp"

#include <algorithm>
#include <tuple>

namespace heretix {
namespace {

constexpr std::size_t kNumberPart = 1;  // of AnswerForm::belief()

// Equal masses by their text, so that the order never depends on anything else.
bool is_less(const TokenTree::Branch& a, const TokenTree::Branch& b) {
  return std::tie(a.mass, b.path) < std::tie(b.mass, a.path);
}

}  // namespace

bool TokenTree::is_done() const {
  double mass = 0;
  for (const Branch& b : open_) mass += b.mass;
  return mass <= kRemainingMass;
}

void TokenTree::grow(const AnswerForm& form, const LlamaModel& model, const std::vector<Token>& allowed,
                     const std::vector<double>& probabilities) {
  std::ranges::pop_heap(open_, is_less);
  const Branch from = std::move(open_.back());
  open_.pop_back();
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
    std::ranges::push_heap(open_, is_less);
  }
}

NumberSpread TokenTree::spread() const {
  NumberSpread spread{.numbers = numbers_, .open = {}};
  for (const Branch& b : open_) spread.open[b.text] += b.mass;
  round_masses(spread);
  return spread;
}

}  // namespace heretix
