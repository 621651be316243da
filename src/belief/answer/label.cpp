#include "belief/answer/label.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"

namespace heretix {
namespace {

struct Label {
  std::string_view word;
  double low, high;  // of the numbers that fit it
};
constexpr std::array<Label, 5> kLabels = {{{"very_unlikely", 0.0, 0.4},
                                           {"unlikely", 0.0, 0.6},
                                           {"uncertain", 0.2, 0.8},
                                           {"likely", 0.4, 1.0},
                                           {"very_likely", 0.6, 1.0}}};

}  // namespace

std::optional<bool> label_fits(std::string_view label, Probability p) {
  std::string word = to_lower_ascii(label);
  std::ranges::replace_if(
      word, [](char c) { return c == ' ' || c == '-'; }, '_');
  const auto found = std::ranges::find(kLabels, word, &Label::word);
  if (found == kLabels.end()) return std::nullopt;
  return p.value() >= found->low && p.value() <= found->high;
}

}  // namespace heretix
