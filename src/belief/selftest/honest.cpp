#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "belief/selftest/sections.hpp"
#include "belief/stats/honest.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

constexpr double kBound = 1e-12;

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

void compare_bounds(const std::string& id, const HonestInterval::Bounds& b, const json& expected,
                    Comparison& comparison) {
  const auto near = [&](const char* field, double computed) {
    comparison.within(id + " " + field, computed, expected.at(field), kBound);
  };
  near("sd_logit", b.spread_logit);
  near("c_T", b.scale);
  near("half_logit", b.half_logit);
  near("lo_core", b.core.low.value());
  near("hi_core", b.core.high.value());
  near("grid", b.grid);
  near("lo_nohull", b.no_hull.low.value());
  near("hi_nohull", b.no_hull.high.value());
  near("lo", b.interval.low.value());
  near("hi", b.interval.high.value());
  near("width", b.interval.width());
  comparison.same(id + " flags", b.flags, expected.at("flags").get<std::vector<std::string>>());
}

void compare(const std::string& id, const HonestInterval& found, const json& expected, Comparison& comparison) {
  comparison.same(id + " method", std::string(kHonestMethod), expected.at("method").get<std::string>());
  comparison.within(id + " level", found.level, expected.at("level"), 0);
  comparison.same(id + " T", found.templates, expected.at("T").get<std::size_t>());
  comparison.same(id + " k", found.trimmed, expected.at("k").get<std::size_t>());
  comparison.same(id + " n", found.answers, expected.at("n").get<std::size_t>());
  comparison.within(id + " centre_logit", found.center.value(), expected.at("centre_logit"), kBound);
  comparison.within(id + " p", found.p.value(), expected.at("p"), kBound);
  comparison.same(id + " status", found.status(), expected.at("status").get<std::string>());
  comparison.same(id + " has an interval", found.bounds.has_value(), !expected.at("lo").is_null());
  if (found.bounds) compare_bounds(id, *found.bounds, expected, comparison);
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
