#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "base/sha256.hpp"
#include "belief/estimate/estimate.hpp"
#include "belief/judge/gates.hpp"
#include "belief/selftest/sections.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

std::vector<TemplateLogits> templates_of(const json& input) {
  std::vector<TemplateLogits> templates;
  for (const json& t : input.at("templates")) {
    TemplateLogits& added = templates.emplace_back();
    added.prompt_sha256 = t.at("key");
    for (const json& l : t.at("logits")) added.logits.emplace_back(l.get<double>());
  }
  return templates;
}

Bootstrap bootstrap_of(const json& input) {
  Bootstrap bootstrap{.seed = std::stoull(input.at("seed").get<std::string>()), .draws = input.at("B").get<int>()};
  if (input.at("center") == "mean") bootstrap.center = Center::mean;
  bootstrap.trim = input.at("trim");
  if (!input.at("fixed_m").is_null()) bootstrap.fixed_m = input.at("fixed_m").get<std::size_t>();
  return bootstrap;
}

// A probability counts as equal if it is the value, or what NumPy computes with AVX-512.
void compare_probability(const std::string& place, const json& value, double computed, const json& alternative,
                         Comparison& comparison) {
  const bool near_alternative = !alternative.is_null() && ulps_between(computed, alternative.get<double>()) <= 2;
  if (near_alternative) comparison.note(true, place);
  else comparison.within_ulps(place, computed, value);
}

json alternative_of(const json& c, const char* field, std::size_t index) {
  const json all = c.value("alt_avx512", json::object());
  if (!all.contains(field)) return nullptr;
  return all[field].is_array() ? all[field][index] : all[field];
}

void compare_logits(const std::string& id, const Estimate& e, const json& expected, Comparison& comparison) {
  comparison.same_bits(id + " center_logit", e.center.value(), expected.at("center_logit"));
  comparison.same_bits(id + " ci_logit[0]", e.low.value(), expected.at("ci_logit").at(0));
  comparison.same_bits(id + " ci_logit[1]", e.high.value(), expected.at("ci_logit").at(1));
  comparison.same_bits(id + " iqr_logit", e.spread_logit, expected.at("iqr_logit"));
  comparison.same_bits(id + " iqr_logit_from_aggregate", e.spread_logit, expected.at("iqr_logit_from_aggregate"));
}

void compare_probabilities(const std::string& id, const Estimate& e, const json& c, Comparison& comparison) {
  const json& expected = c.at("expected");
  compare_probability(id + " p", expected.at("p"), e.p.value(), alternative_of(c, "p", 0), comparison);
  compare_probability(id + " ci_p[0]", expected.at("ci_p").at(0), e.ci95.low.value(), alternative_of(c, "ci_p", 0),
                      comparison);
  compare_probability(id + " ci_p[1]", expected.at("ci_p").at(1), e.ci95.high.value(), alternative_of(c, "ci_p", 1),
                      comparison);
  // This is a difference of two such probabilities: two ulps of 1 at most.
  comparison.within(id + " width", e.ci95.width(), expected.at("width"), 4.5e-16);
  comparison.within_ulps(id + " stability", e.stability, expected.at("stability"));
}

void compare_judging(const std::string& id, const Estimate& e, double compliance, Center center, const json& expected,
                     Comparison& comparison) {
  comparison.same(id + " stability_band", std::string(to_word(stability_band(e.spread_logit))),
                  expected.at("stability_band").get<std::string>());
  comparison.same_bits(id + " imbalance", e.imbalance, expected.at("imbalance"));
  comparison.same(id + " counts", e.counts, expected.at("counts").get<std::vector<std::size_t>>());
  comparison.same(id + " n_templates", e.counts.size(), expected.at("n_templates").get<std::size_t>());
  comparison.same(id + " method", std::string(method_of(center)), expected.at("method").get<std::string>());
  comparison.same(id + " pqs", quality_score(e.stability, e.ci95.width(), compliance), expected.at("pqs").get<int>());
  comparison.same(id + " pqs_version", std::string(kQualityVersion), expected.at("pqs_version").get<std::string>());
  comparison.same(id + " is_stable", is_stable(e.ci95.width()), expected.at("is_stable").get<bool>());
  for (const Gate& gate : judge(e, compliance, std::nullopt)) {
    const std::string name(gate.name);
    comparison.same(fmt::format("{} gate {}", id, name), gate.passed() ? 1 : 0,
                    expected.at("gates").at(name).get<int>());
  }
}

void compare_trace(const std::string& id, const BootstrapTrace& trace, const json& expected, Comparison& comparison) {
  const json& t = expected.at("trace");
  const auto bits = [&](const char* field, const std::vector<double>& computed) {
    const json& values = t.at(field);
    for (std::size_t i = 0; i < values.size(); ++i) {
      comparison.same_bits(fmt::format("{} {}[{}]", id, field, i), computed.at(i), values[i]);
    }
  };

  bits("template_means", trace.template_means);
  bits("first_centers", trace.centers);

  for (std::size_t i = 0; i < t.at("first_draws").size(); ++i) {
    const json& draw = t["first_draws"][i];
    comparison.same(fmt::format("{} draw {} templates", id, i), trace.first_draws.at(i).templates,
                    draw.at("templates").get<std::vector<std::uint32_t>>());
    comparison.same(fmt::format("{} draw {} indices", id, i), trace.first_draws.at(i).indices,
                    draw.at("indices").get<std::vector<std::vector<std::uint32_t>>>());
  }

  comparison.same_bits(id + " percentile low", trace.raw_low, expected.at("percentiles_before_clamp").at(0));
  comparison.same_bits(id + " percentile high", trace.raw_high, expected.at("percentiles_before_clamp").at(1));

  // All draws are compared at once. The hash is over little-endian doubles, which is what x86-64 and arm64 hold.
  const std::string_view bytes(reinterpret_cast<const char*>(trace.centers.data()),
                               trace.centers.size() * sizeof(double));
  comparison.same(id + " all centers", sha256_hex(bytes), t.at("all_centers_sha256_le_doubles").get<std::string>());

  // An equal state shows that exactly as many numbers were drawn as NumPy draws.
  const std::string state = fmt::format("{:016x}{:016x}", static_cast<std::uint64_t>(trace.after.state() >> 64),
                                        static_cast<std::uint64_t>(trace.after.state()));
  const std::string wanted = t.at("rng_after").at("state");
  comparison.same(id + " rng after", state, std::string(32 - wanted.size(), '0') + wanted);
  comparison.same(id + " rng half after", trace.after.has_half() ? 1 : 0,
                  t.at("rng_after").at("has_uint32").get<int>());
}

}  // namespace

void estimator_cases(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    const std::vector<TemplateLogits> templates = templates_of(c.at("input"));
    const Bootstrap bootstrap = bootstrap_of(c.at("input"));
    const Estimate e = estimate(templates, bootstrap);
    compare_logits(id, e, c.at("expected"), comparison);
    compare_probabilities(id, e, c, comparison);
    compare_judging(id, e, c.at("input").at("compliance"), bootstrap.center, c.at("expected"), comparison);
    const std::size_t draws = c.at("expected").at("trace").at("first_draws").size();
    compare_trace(id, trace_bootstrap(templates, bootstrap, draws), c.at("expected"), comparison);
  }
}

void estimator_logit(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    comparison.same_bits(fmt::format("logit of {}", c.at("p").get<double>()), to_clamped_logit(c.at("p")).value(),
                         c.at("logit"));
  }
}

void estimator_sigmoid(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    comparison.within_ulps(fmt::format("sigmoid of {}", c.at("x").get<double>()),
                           to_probability(Logit{c.at("x")}).value(), c.at("p"));
  }
}

void estimator_stability(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const double spread = c.at("iqr");
    const std::string place = fmt::format("spread {}", spread);
    comparison.within_ulps(place, stability_of(spread), c.at("stability"));
    comparison.same(place + " band", std::string(to_word(stability_band(spread))), c.at("band").get<std::string>());
  }
}

void estimator_sums(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const auto values = c.at("values").get<std::vector<double>>();
    comparison.same_bits(fmt::format("sum of {}", values.size()), pairwise_sum(values), c.at("sum"));
  }
}

}  // namespace heretix::selftest
