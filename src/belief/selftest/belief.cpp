#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/resolution.hpp"
#include "belief/judge/agreement.hpp"
#include "belief/selftest/interval.hpp"
#include "belief/selftest/sections.hpp"
#include "belief/stats/belief_v2.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

NumberRead number_of(const std::string& literal) {
  return read_as_written(Probability{std::strtod(literal.c_str(), nullptr)}, decimals_written(literal));
}

std::vector<std::vector<NumberRead>> literal_groups(const json& groups) {
  std::vector<std::vector<NumberRead>> out;
  for (const json& group : groups) {
    auto& numbers = out.emplace_back();
    for (const std::string literal : group) numbers.push_back(number_of(literal));
  }
  return out;
}

void compare_belief(const std::string& id, const BeliefV2& belief, const json& expected, Comparison& comparison) {
  compare_interval(id, kBeliefMethod, belief.found, expected, comparison);
  const Agreement agreement = agreement_of(belief);
  comparison.same(id + " say true", agreement.say_true, expected.at("say_true").get<std::size_t>());
  comparison.same(id + " say false", agreement.say_false, expected.at("say_false").get<std::size_t>());
  comparison.same(id + " split", agreement.is_split, expected.at("split").get<bool>());
  const json stable = agreement.is_stable ? json(*agreement.is_stable) : json(nullptr);
  comparison.same(id + " stable", stable.dump(), expected.at("stable").dump());
}

}  // namespace

void belief_numbers(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string literal = c.at("literal");
    const NumberRead number = number_of(literal);
    const int decimals = decimals_written(literal);
    comparison.same(literal + " d", decimals, c.at("d").get<int>());
    comparison.within(literal + " cell", written_cell(decimals), c.at("cell"), 0);
    comparison.within(literal + " log-odds", number.value.value(), c.at("log_odds"), kIntervalBound);
  }
}

void belief_cases(const json& cases, Comparison& comparison) {
  for (const json& c : cases)
    compare_belief(c.at("id"), belief_v2(literal_groups(c.at("groups")), {}), c.at("expected"), comparison);
}

void belief_rungs(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const BeliefOptions options{.scale = c.at("c").get<double>()};
    compare_belief(c.at("id"), belief_v2(literal_groups(c.at("groups")), options), c.at("expected"), comparison);
  }
}

}  // namespace heretix::selftest
