#include "belief/readout/letters.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr double kLeastShare = 1e-6;  // as every estimate clamps (base/belief.hpp)

std::string name_of(std::size_t letter) { return std::string(1, static_cast<char>('A' + letter)); }

// The letter that a token is, whatever white space stands around it; empty for any other token.
std::optional<std::size_t> letter_of(std::string_view token) {
  const std::string_view text = trimmed(token, kWhiteSpace);
  if (text.size() != 1 || text[0] < 'A' || text[0] >= static_cast<char>('A' + kMostLetters)) return std::nullopt;
  return static_cast<std::size_t>(text[0] - 'A');
}

}  // namespace

std::string to_text(const LetterShares& letters) {
  json shares = json::object();
  for (std::size_t i = 0; i < letters.shares.size(); ++i) shares[name_of(i)] = letters.shares[i];
  return json{{"type", kLettersType}, {"letters", shares}, {"mass", letters.mass}}.dump();
}

Verdict read_letters(const json& said) {
  const auto letters = said.find("letters");
  const bool has_all = letters != said.end() && letters->is_object() && letters->size() == kMostLetters;
  if (!has_all) return {std::nullopt, Reason::no_probability};
  double largest = 0;
  for (const json& share : *letters) {
    if (!share.is_number()) return {std::nullopt, Reason::not_a_number};
    const double p = share;
    if (!(p >= 0 && p <= 1)) return {std::nullopt, Reason::out_of_range};
    largest = std::max(largest, p);
  }
  return {Probability{largest}, std::nullopt};
}

std::vector<double> letters_from(const std::string& text, std::size_t count) {
  const json said = json::parse(text, nullptr, false);
  if (!said.is_object() || said.value("type", "") != kLettersType || !read_letters(said).usable()) return {};
  std::vector<double> shares;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto share = said["letters"].find(name_of(i));
    if (share == said["letters"].end()) return {};
    shares.push_back(std::max(kLeastShare, share->get<double>()));
    sum += shares.back();
  }
  for (double& share : shares) share /= sum;
  return shares;
}

std::optional<LetterShares> letters_of_tokens(const std::vector<TokenStep>& steps) {
  // What only leads up to the answer, such as a space alone, is passed over.
  const auto first = std::ranges::find_if(steps, [](const TokenStep& step) { return !is_blank(step.chosen); });
  if (first == steps.end()) return std::nullopt;

  std::vector<double> shares(kMostLetters, 0.0);
  double shown = 0, least = 1;
  bool has_letter = false;
  for (const TokenChoice& choice : first->choices) {
    shown += choice.probability;
    least = std::min(least, choice.probability);
    if (const auto letter = letter_of(choice.text)) {
      shares[*letter] += choice.probability;
      has_letter = true;
    }
  }
  if (!has_letter) return std::nullopt;

  const double hidden = std::min(least, std::max(0.0, 1 - shown)) / 2;
  double sum = 0;
  for (double& share : shares) {
    if (share == 0) share = std::max(kLeastShare, hidden);
    sum += share;
  }
  for (double& share : shares) share /= sum;
  return LetterShares{.shares = std::move(shares), .mass = std::min(1.0, sum)};
}

}  // namespace heretix
