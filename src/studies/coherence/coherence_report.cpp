// Shows a coherence report as a document and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "belief/stats/moments.hpp"
#include "studies/coherence/coherence.hpp"

namespace heretix {
namespace {

using nlohmann::json;

json interval_json(const CenteredInterval& i) { return {{"centre", i.center}, {"ci", {*i.low, *i.high}}}; }

std::string as_belief(const CenteredInterval& logit) {
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", sigmoid(logit.center), sigmoid(*logit.low), sigmoid(*logit.high));
}

json to_json(const CoherenceCheck& c) {
  const auto [low, high] = c.price_interval();
  json out = {{"relation", c.relation},
              {"rule", c.rule},
              {"claims", c.claims},
              {"templates", c.templates},
              {"violation", interval_json(c.violation)},
              {"violation_90", interval_json(c.narrow)},
              {"grid", c.grid},
              {"price", c.price()},
              {"price_ci", {low, high}},
              {"finding", to_word(c.finding)}};
  if (c.logit) out["logit"] = interval_json(*c.logit);
  return out;
}

// Every belief that the rules speak of, with what its claim is to the first one.
DocumentTable table_of_beliefs(const CoherenceReport& report) {
  const auto relation_of = [&](const std::string& claim) -> std::string {
    if (claim == report.claim) return "A";
    for (const CoherenceCheck& c : report.checks) {
      if (std::ranges::find(c.claims, claim) != c.claims.end()) return c.relation;
    }
    return "";
  };

  DocumentTable table{{"", "claim", "p", "95 % interval", ""}, {}};
  for (const auto& [claim, belief] : report.beliefs) {
    const auto& interval = belief.interval;
    table.rows.push_back(
        {relation_of(claim), claim, fmt::format("{:.2f}", belief.p.value()),
         interval ? fmt::format("{:.2f} to {:.2f}", interval->low.value(), interval->high.value()) : "none",
         belief.is_stable == false ? "unstable" : ""});
  }
  return table;
}

json to_json(const ClaimBelief& one) {
  json out = to_json(one.belief);
  out["claim"] = one.claim;
  return out;
}

}  // namespace

Document to_document(const CoherenceReport& report) {
  Document document{.title = report.claim,
                    .blocks = {Paragraph{
                        fmt::format("Do the beliefs of {} about related claims fit together?", report.model), true}}};
  document.blocks.push_back(table_of_beliefs(report));

  DocumentTable table{{"rule", "violation", "95 % interval", "price of 1", "finding"}, {}};
  Forest forest{.axis = "violation, in probability", .from = -1, .to = 1, .reference = 0.0};
  double reach = 0.1;
  for (const CoherenceCheck& c : report.checks) {
    const auto [low, high] = c.price_interval();
    table.rows.push_back({c.rule, fmt::format("{:+.3f}", c.violation.center),
                          fmt::format("{:+.3f} to {:+.3f}", *c.violation.low, *c.violation.high),
                          fmt::format("{:.3f} [{:.3f}, {:.3f}]", c.price(), low, high),
                          std::string(to_word(c.finding))});
    forest.rows.push_back(
        {c.rule, c.violation.center, c.violation.low, c.violation.high, c.finding == Coherence::incoherent});
    reach = std::max({reach, std::abs(*c.violation.low), std::abs(*c.violation.high)});
  }

  forest.to = std::min(2.0, std::ceil(reach * 10) / 10);
  forest.from = -forest.to;

  document.blocks.push_back(std::move(table));
  document.blocks.push_back(std::move(forest));

  if (const auto& free = report.free_of_acquiescence) {
    document.blocks.push_back(Paragraph{fmt::format("Belief without yes-bias: {} (95 %).", as_belief(free->belief))});
    document.blocks.push_back(
        Paragraph{fmt::format("Yes-bias: {:+.2f} [{:+.2f}, {:+.2f}] in log-odds; above 0 the model says yes to both.",
                              free->leaning.center, *free->leaning.low, *free->leaning.high)});
  }

  document.blocks.push_back(
      Paragraph{"The price is what a trader who takes these probabilities for prices is certain to lose, for a stake "
                "of 1 (docs/coherence.md).",
                true});
  return document;
}

json to_json(const CoherenceReport& report) {
  json checks = json::array(), beliefs = json::array();
  for (const CoherenceCheck& c : report.checks) checks.push_back(to_json(c));
  for (const ClaimBelief& belief : report.beliefs) beliefs.push_back(to_json(belief));
  json out = {{"format", "heretix_coherence"},
              {"version", 1},
              {"claim", report.claim},
              {"model", report.model},
              {"beliefs", beliefs},
              {"checks", checks},
              {"executions", report.executions},
              {"violated", report.is_violated()}};
  if (const auto& free = report.free_of_acquiescence)
    out["acquiescence_free"] = {{"belief_logit", interval_json(free->belief)},
                                {"p", sigmoid(free->belief.center)},
                                {"ci", {sigmoid(*free->belief.low), sigmoid(*free->belief.high)}},
                                {"leaning_logit", interval_json(free->leaning)}};
  return out;
}

}  // namespace heretix
