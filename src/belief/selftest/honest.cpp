#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "belief/selftest/interval.hpp"
#include "belief/selftest/sections.hpp"
#include "belief/stats/honest.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

std::vector<std::vector<Probability>> groups_of(const json& groups) {
  std::vector<std::vector<Probability>> out;
  for (const json& group : groups) {
    auto& answers = out.emplace_back();
    for (const json& p : group) answers.emplace_back(p.get<double>());
  }
  return out;
}

Level level_of(double level) {
  if (level == 0.90) return Level::p90;
  return level == 0.99 ? Level::p99 : Level::p95;
}

void compare(const std::string& id, const HonestInterval& found, const json& expected, Comparison& comparison) {
  compare_interval(id, kHonestMethod, found, expected, comparison);
  if (!found.bounds) return;
  comparison.within(id + " lo_nohull", found.bounds->no_hull.low.value(), expected.at("lo_nohull"), kIntervalBound);
  comparison.within(id + " hi_nohull", found.bounds->no_hull.high.value(), expected.at("hi_nohull"), kIntervalBound);
}

}  // namespace

void honest_cases(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    HonestOptions options{.level = level_of(c.at("level"))};
    if (const json& hull = c.at("frozen"); !hull.is_null()) {
      options.frozen = Interval{Probability{hull.at(0)}, Probability{hull.at(1)}};
    }
    compare(c.at("id"), honest_interval(groups_of(c.at("groups")), options), c.at("expected"), comparison);
  }
}

void honest_ladder(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const HonestOptions options{.level = Level::p95, .frozen = std::nullopt, .scale = c.at("c").get<double>()};
    compare(c.at("id"), honest_interval(groups_of(c.at("groups")), options), c.at("expected"), comparison);
  }
}

}  // namespace heretix::selftest
