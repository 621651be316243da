#include <nlohmann/json.hpp>
#include <string>

#include "belief/readout/number_tree.hpp"
#include "belief/readout/word_mass.hpp"
#include "belief/selftest/sections.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

constexpr double kMassBound = 1e-7;  // masses are rounded to 1e-9, and a tree has up to a hundred

std::vector<TokenChoice> choices_of(const json& probabilities) {
  std::vector<TokenChoice> choices;
  for (const auto& item : probabilities.items()) choices.push_back({item.key(), item.value().get<double>()});
  return choices;
}

}  // namespace

void readouts_trees(const json& cases, Comparison& comparison) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string id = "tree " + std::to_string(i);
    NumberTree tree;
    for (const auto& node : cases[i].at("nodes").items()) tree.add(node.key(), choices_of(node.value()));
    const NumberSpread found = tree.spread();
    const json& expected = cases[i].at("expected");
    comparison.within(id + " expected", found.expected(), expected.at("expected"), kMassBound);
    comparison.within(id + " low", found.low(), expected.at("low"), kMassBound);
    comparison.within(id + " high", found.high(), expected.at("high"), kMassBound);
    comparison.within(id + " remaining", found.remaining(), expected.at("remaining"), kMassBound);
  }
}

void readouts_words(const json& cases, Comparison& comparison) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string id = "words " + std::to_string(i);
    const WordMass found = word_mass({{"True", choices_of(cases[i].at("choices"))}}).value();
    const json& expected = cases[i].at("expected");
    comparison.within(id + " true", found.yes, expected.at("true"), kMassBound);
    comparison.within(id + " false", found.no, expected.at("false"), kMassBound);
    comparison.within(id + " p", found.probability(), expected.at("p"), kMassBound);
  }
}

}  // namespace heretix::selftest
