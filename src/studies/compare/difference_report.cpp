// Shows differences as a document and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "report/shown_difference.hpp"
#include "studies/compare/difference.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kMostShown = 40;  // templates or claims shown in one picture

// Who is how far above or below whom, of one claim: "A is 0.358 above B: 0.947 against 0.589."
std::string sentence(const ClaimDifference& d, const Differences& all) {
  const double by = shown_difference(d.p_a, d.p_b, kThousandths);
  const std::string place = by == 0 ? "as high as" : fmt::format("{:.3f} {}", std::abs(by), by > 0 ? "above" : "below");
  std::string text =
      fmt::format("A is {} B: {:.3f} ({}) against {:.3f} ({}).", place, d.p_a, all.name_a, d.p_b, all.name_b);
  if (d.finding == Finding::same) text += fmt::format(" That is no difference beyond {}.", kSameWithin);
  if (d.finding == Finding::inconclusive) text += " It is inconclusive: the interval of the difference holds 0.";
  return text;
}

std::string sentence(const Differences& all) {
  if (all.claims.size() == 1) return sentence(all.claims[0], all);
  switch (all.finding) {
    case Finding::higher: return fmt::format("A is higher than B: {} against {}.", all.name_a, all.name_b);
    case Finding::lower: return fmt::format("A is lower than B: {} against {}.", all.name_a, all.name_b);
    case Finding::same:
      return fmt::format("No difference beyond {} in probability: {} and {}.", kSameWithin, all.name_a, all.name_b);
    case Finding::inconclusive: break;
  }
  return fmt::format("Inconclusive: the interval of the difference holds 0 ({} against {}).", all.name_a, all.name_b);
}

// In log-odds, to two digits.
std::string logit_text(double difference, const CenteredInterval& i) {
  return i.low ? fmt::format("{:+.2f} [{:+.2f}, {:+.2f}]", difference, *i.low, *i.high)
               : fmt::format("{:+.2f}", difference);
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "none";
  return *p < 0.0001 ? "< 0.0001" : fmt::format("{:.4f}", *p);
}

// Names every pair of different servers once.
std::string servers_note(const Differences& all) {
  std::set<std::string> pairs;
  const auto name = [](const std::string& server) {
    return server.empty() ? "the model's own service" : on_one_line(server);
  };
  for (const ClaimDifference& d : all.claims) {
    if (d.server_a != d.server_b) pairs.insert(fmt::format("A by {}, B by {}", name(d.server_a), name(d.server_b)));
  }
  if (pairs.empty()) return {};
  return fmt::format(
      "Different servers answered ({}). A server puts a prompt of its own around each statement, which by itself moves "
      "a belief: the same weights were 1.2 log-odds apart on two servers. This difference is not due to the models "
      "alone.",
      fmt::join(pairs, "; "));
}

double reach_of(const Forest& forest) {
  double reach = 0.5;
  for (const auto& row : forest.rows) {
    for (const double x : {row.center, row.low.value_or(0), row.high.value_or(0)}) reach = std::max(reach, std::abs(x));
  }
  return std::ceil(std::min(reach, 28.0) * 2) / 2;
}

Forest on_its_axis(Forest forest) {
  forest.to = reach_of(forest);
  forest.from = -forest.to;
  forest.reference = 0.0;
  return forest;
}

void show_one(const ClaimDifference& d, std::vector<Block>& blocks) {
  blocks.push_back(DocumentTable{{"", "claim", "model", "execution", "p", "templates"},
                                 {{"A", shortened(d.claim_a, 60), d.model_a.text(), d.run_a.text(),
                                   fmt::format("{:.3f}", d.p_a), std::to_string(d.templates_a)},
                                  {"B", shortened(d.claim_b, 60), d.model_b.text(), d.run_b.text(),
                                   fmt::format("{:.3f}", d.p_b), std::to_string(d.templates_b)}}});
  blocks.push_back(Paragraph{fmt::format("A minus B: {} at 95 %.", difference_text(d.p_a, d.p_b, d.difference))});
  blocks.push_back(Paragraph{
      fmt::format("In log-odds A is {:+.2f}, B is {:+.2f}, and the difference {} at 95 %, p {} ({}).", d.center_a,
                  d.center_b, logit_text(shown_difference(d.center_a, d.center_b, 100), d.logit), p_text(d.p_value),
                  d.is_paired ? "sign flips over shared templates" : "Welch's, over different templates")});
  if (d.rounding)
    blocks.push_back(
        Paragraph{fmt::format("The rounding of the numbers alone leaves {:+.2f} to {:+.2f} open in log-odds, "
                              "and both intervals reach over that.",
                              d.rounding->low, d.rounding->high)});

  Forest forest{.axis = "A minus B, log-odds", .from = 0, .to = 0};
  for (const TemplateDifference& t : d.templates)
    if (forest.rows.size() < kMostShown)
      forest.rows.push_back({replaced(t.wording, {"<claim>{CLAIM}</claim>", "…"}), t.difference()});
  forest.rows.push_back({"difference", d.logit.center, d.logit.low, d.logit.high, true});
  blocks.push_back(on_its_axis(std::move(forest)));

  if (!d.is_paired) return;
  const auto pulls = [&](const TemplateDifference& t) { return std::abs(t.without - d.logit.center); };
  const auto strongest = std::ranges::max_element(d.templates, {}, pulls);
  if (d.templates.size() > 2)
    blocks.push_back(Paragraph{fmt::format(
        "What drives it: {} of {} templates say {}; without the one that pulls hardest, the difference is {:+.2f}: {}",
        std::ranges::count_if(d.templates, [&](const auto& t) { return t.difference() * d.logit.center > 0; }),
        d.templates.size(), d.logit.center > 0 ? "higher" : "lower", strongest->without,
        replaced(strongest->wording, {"<claim>{CLAIM}</claim>", "…"}))});
}

void show_many(const Differences& all, std::vector<Block>& blocks) {
  blocks.push_back(Paragraph{
      fmt::format("Centre of the differences of {} claims, in log-odds: {} at 95 %, p {} (sign flips over claims).",
                  all.claims.size(), logit_text(all.overall.center, all.overall), p_text(all.p_value))});
  blocks.push_back(Paragraph{
      fmt::format("{} claims differ on their own at a false discovery rate of {}.", all.named(), kFalseDiscoveryRate)});

  DocumentTable table{{"claim", "A", "B", "A minus B (95 %)", "p", "adjusted", "A is"}, {}};
  Forest forest{.axis = "A minus B, log-odds", .from = 0, .to = 0};

  std::vector<const ClaimDifference*> sorted;
  for (const ClaimDifference& d : all.claims) sorted.push_back(&d);
  std::ranges::stable_sort(sorted, std::greater<>(),
                           [](const ClaimDifference* d) { return std::abs(d->logit.center); });

  for (const ClaimDifference* d : sorted) {
    table.rows.push_back({d->claim_a, fmt::format("{:.3f}", d->p_a), fmt::format("{:.3f}", d->p_b),
                          difference_text(d->p_a, d->p_b, d->difference), p_text(d->p_value), p_text(d->adjusted),
                          std::string(to_word(d->finding))});
    if (forest.rows.size() < kMostShown)
      forest.rows.push_back({d->claim_a, d->logit.center, d->logit.low, d->logit.high});
  }

  forest.rows.push_back({"all claims", all.overall.center, all.overall.low, all.overall.high, true});
  blocks.push_back(std::move(table));
  blocks.push_back(on_its_axis(std::move(forest)));
}

json interval_json(const CenteredInterval& i) {
  return {{"centre", i.center}, {"ci", i.low ? json({*i.low, *i.high}) : json(nullptr)}};
}

json or_null(const std::optional<double>& x) { return x ? json(*x) : json(nullptr); }

json server_json(const std::string& server) { return server.empty() ? json(nullptr) : json(server); }

json to_json(const ClaimDifference& d) {
  json templates = json::array();
  for (const TemplateDifference& t : d.templates)
    templates.push_back({{"wording", t.wording},
                         {"a_logit", t.a},
                         {"b_logit", t.b},
                         {"difference", t.difference()},
                         {"centre_without", t.without}});

  return {{"claim_a", d.claim_a},
          {"claim_b", d.claim_b},
          {"model_a", d.model_a},
          {"model_b", d.model_b},
          {"server_a", server_json(d.server_a)},
          {"server_b", server_json(d.server_b)},
          {"execution_a", d.run_a},
          {"execution_b", d.run_b},
          {"p_a", d.p_a},
          {"p_b", d.p_b},
          {"templates_a", d.templates_a},
          {"templates_b", d.templates_b},
          {"paired", d.is_paired},
          {"centre_a_logit", d.center_a},
          {"centre_b_logit", d.center_b},
          {"difference_95", interval_json(d.difference)},
          {"logit", interval_json(d.logit)},
          {"probability_90", interval_json(d.probability)},
          {"grid", d.grid},
          {"rounding", d.rounding ? json({d.rounding->low, d.rounding->high}) : json(nullptr)},
          {"p_value", or_null(d.p_value)},
          {"p_adjusted", or_null(d.adjusted)},
          {"finding", to_word(d.finding)},
          {"templates", templates}};
}

}  // namespace

Document to_document(const Differences& all) {
  Document document{.title = "Comparison", .blocks = {Paragraph{sentence(all)}}};
  if (all.claims.size() == 1) show_one(all.claims[0], document.blocks);
  else show_many(all, document.blocks);
  if (const std::string note = servers_note(all); !note.empty()) document.blocks.push_back(Paragraph{note});
  document.blocks.push_back(Paragraph{
      "Intervals of the two sides are not compared by overlap: the difference has one of its own (docs/compare.md).",
      true});
  return document;
}

json to_json(const Differences& all) {
  json claims = json::array();
  for (const ClaimDifference& d : all.claims) claims.push_back(to_json(d));
  return {{"format", "heretix_comparison"},
          {"version", 1},
          {"a", all.name_a},
          {"b", all.name_b},
          {"logit", interval_json(all.overall)},
          {"p_value", or_null(all.p_value)},
          {"false_discovery_rate", kFalseDiscoveryRate},
          {"finding", to_word(all.finding)},
          {"claims", claims}};
}

}  // namespace heretix
