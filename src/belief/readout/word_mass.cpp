#include "belief/readout/word_mass.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::string_view kYes = "true";
constexpr std::string_view kNo = "false";

std::string_view without_space(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

// The whole word, with something else after it.
bool begins_with_word(std::string_view lower, std::string_view word) {
  return lower.starts_with(word) && (lower.size() == word.size() || !is_letter(lower[word.size()]));
}

bool leads_to(std::string_view lower, std::string_view word) {
  return word.starts_with(lower) || begins_with_word(lower, word);
}

}  // namespace

WordSide side_of(std::string_view token) {
  const std::string lower = to_lower_ascii(without_space(token));
  if (lower.empty()) return WordSide::either;
  if (leads_to(lower, kYes)) return WordSide::yes;
  return leads_to(lower, kNo) ? WordSide::no : WordSide::neither;
}

double WordMass::probability() const {
  if (hidden > 0 && (yes == 0 || no == 0)) return (low() + high()) / 2;
  return yes / (yes + no);
}

std::optional<WordMass> word_mass(const std::vector<TokenStep>& steps) {
  WordMass mass;
  double reached = 1;
  for (const TokenStep& step : steps) {
    double blank = 0;
    mass.hidden += reached * step.hidden;
    for (const TokenChoice& c : step.choices) {
      const WordSide side = side_of(c.text);
      if (side == WordSide::yes) mass.yes += reached * c.probability;
      if (side == WordSide::no) mass.no += reached * c.probability;
      if (c.text == step.chosen) blank = c.probability;
    }
    if (side_of(step.chosen) != WordSide::either || step.chosen.empty()) break;
    reached *= blank;
  }
  return mass.yes + mass.no > 0 ? std::optional(mass) : std::nullopt;
}

std::optional<bool> word_of_answer(std::string_view text) {
  std::string_view rest = without_space(text);
  while (!rest.empty() && std::string_view("\"'*").find(rest[0]) != std::string_view::npos) rest.remove_prefix(1);
  const std::string lower = to_lower_ascii(rest);
  if (begins_with_word(lower, kYes)) return true;
  if (begins_with_word(lower, kNo)) return false;
  return std::nullopt;
}

}  // namespace heretix
