#include "belief/selftest/interval.hpp"

#include <nlohmann/json.hpp>

namespace heretix::selftest {

void compare_interval(const std::string& id, std::string_view method, const HonestInterval& found,
                      const nlohmann::json& expected, Comparison& comparison) {
  const auto near = [&](const char* field, double computed) {
    comparison.within(id + " " + field, computed, expected.at(field), kIntervalBound);
  };
  comparison.same(id + " method", std::string(method), expected.at("method").get<std::string>());
  comparison.within(id + " level", found.level, expected.at("level"), 0);
  comparison.same(id + " T", found.templates, expected.at("T").get<std::size_t>());
  comparison.same(id + " k", found.trimmed, expected.at("k").get<std::size_t>());
  comparison.same(id + " n", found.answers, expected.at("n").get<std::size_t>());
  near("centre_logit", found.center.value());
  near("p", found.p.value());
  comparison.same(id + " status", found.status(), expected.at("status").get<std::string>());
  comparison.same(id + " has an interval", found.bounds.has_value(), !expected.at("lo").is_null());
  if (!found.bounds) return;

  const HonestInterval::Bounds& b = *found.bounds;
  near("sd_logit", b.spread_logit);
  near("c_T", b.scale);
  near("half_logit", b.half_logit);
  near("lo_core", b.core.low.value());
  near("hi_core", b.core.high.value());
  near("grid", b.grid);
  near("lo", b.interval.low.value());
  near("hi", b.interval.high.value());
  near("width", b.interval.width());
  comparison.same(id + " flags", b.flags, expected.at("flags").get<std::vector<std::string>>());
}

}  // namespace heretix::selftest
