#include "studies/compare/readouts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "belief/record/readout_facts.hpp"
#include "report/shown_difference.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::string name_of(Readout readout) { return std::string(to_word(readout)); }

json readout_interval_json(const CenteredInterval& i) {
  json out = {{"centre", i.center}};
  if (i.low) out["ci"] = {*i.low, *i.high};
  return out;
}

json to_json(const MeasuredReadout& m) {
  const BeliefV2& belief = m.record.belief;
  json out = {{"readout", to_word(m.readout)},       {"p", belief.p().value()},
              {"templates", belief.found.templates}, {"execution_id", m.record.execution.execution_id},
              {"run_id", m.record.plan.run_id},      {"facts", readout_facts(m.record)}};
  if (const auto interval = belief.interval()) out["ci"] = {interval->low.value(), interval->high.value()};
  return out;
}

json to_json(const ReadoutDifference& pair) {
  const ClaimDifference& d = pair.difference;
  json out = {{"a", to_word(pair.a)},
              {"b", to_word(pair.b)},
              {"templates", d.templates.size()},
              {"p_a", d.p_a},
              {"p_b", d.p_b},
              {"difference_95", readout_interval_json(d.difference)},
              {"probability_90", readout_interval_json(d.probability)},
              {"logit_95", readout_interval_json(d.logit)},
              {"finding", to_word(d.finding)}};
  if (d.p_value) out["p_value"] = *d.p_value;
  return out;
}

DocumentTable table_of(const ReadoutComparison& c) {
  DocumentTable table{{"readout", "p", "95 % interval", "templates", "what it rests on"}, {}};
  for (const MeasuredReadout& m : c.measured) {
    const BeliefV2& belief = m.record.belief;
    const auto found = belief.interval();
    const std::string interval =
        found ? fmt::format("{:.3f} to {:.3f}", found->low.value(), found->high.value()) : "none";
    table.rows.push_back({name_of(m.readout), fmt::format("{:.3f}", belief.p().value()), interval,
                          std::to_string(belief.found.templates), readout_in_words(m.record)});
  }
  return table;
}

}  // namespace

double ReadoutComparison::disagreement() const {
  double most = 0;
  for (const ReadoutDifference& d : differences) most = std::max(most, std::abs(d.difference.difference.center));
  return most;
}

bool ReadoutComparison::differs() const {
  return std::ranges::any_of(differences, [](const ReadoutDifference& d) {
    return d.difference.finding == Finding::higher || d.difference.finding == Finding::lower;
  });
}

ReadoutComparison compare_readouts(std::vector<MeasuredReadout> measured,
                                   std::vector<std::pair<Readout, std::string>> left_out) {
  ReadoutComparison comparison{.measured = std::move(measured), .left_out = std::move(left_out), .differences = {}};
  for (std::size_t i = 0; i < comparison.measured.size(); ++i) {
    for (std::size_t j = i + 1; j < comparison.measured.size(); ++j) {
      const MeasuredReadout& a = comparison.measured[i];
      const MeasuredReadout& b = comparison.measured[j];
      comparison.differences.push_back({a.readout, b.readout, difference_between(a.record, b.record)});
    }
  }
  return comparison;
}

Document to_document(const ReadoutComparison& c) {
  const Recipe& recipe = c.measured.front().record.plan.recipe;
  Document document{
      .title = recipe.claim.text,
      .blocks = {Paragraph{fmt::format("Does what {} writes agree with what its tokens say?", recipe.model), true},
                 table_of(c)}};

  Forest forest{.axis = "probability", .from = 0, .to = 1, .reference = 0.5};
  for (const MeasuredReadout& m : c.measured) {
    Forest::Row row{.label = name_of(m.readout), .center = m.record.belief.p().value()};
    if (const auto interval = m.record.belief.interval()) {
      row.low = interval->low.value();
      row.high = interval->high.value();
    }
    forest.rows.push_back(row);
  }
  document.blocks.push_back(std::move(forest));

  DocumentTable pairs{{"A", "p of A", "B", "p of B", "A minus B (95 %)", "A is"}, {}};
  for (const auto& [a, b, d] : c.differences)
    pairs.rows.push_back({name_of(a), fmt::format("{:.3f}", d.p_a), name_of(b), fmt::format("{:.3f}", d.p_b),
                          difference_text(d.p_a, d.p_b, d.difference), std::string(to_word(d.finding))});
  if (!pairs.rows.empty()) document.blocks.push_back(std::move(pairs));

  if (c.measured.size() > 1)
    document.blocks.push_back(Paragraph{fmt::format(
        "Disagreement {:.3f}: the largest difference between two readouts, in probability.", c.disagreement())});

  for (const MeasuredReadout& m : c.measured) {
    if (m.readout != Readout::expected) continue;
    const json facts = readout_facts(m.record);
    document.blocks.push_back(Paragraph{
        fmt::format(
            "One written answer strays by {:.3f} (s.d.) from the expected one: a mean of {:.0f} written answers per "
            "template would have a standard error of 0.01. The tree took {:.1f} calls per template.",
            facts.at("sd_of_one_answer").get<double>(), facts.at("answers_for_0.01").get<double>(),
            facts.at("parts_mean").get<double>()),
        true});
  }

  for (const auto& [readout, why] : c.left_out)
    document.blocks.push_back(Paragraph{fmt::format("Not read by {}: {}.", to_word(readout), why), true});
  return document;
}

json to_json(const ReadoutComparison& c) {
  const Recipe& recipe = c.measured.front().record.plan.recipe;
  json measured = json::array(), pairs = json::array(), left_out = json::object();
  for (const MeasuredReadout& m : c.measured) measured.push_back(to_json(m));
  for (const ReadoutDifference& d : c.differences) pairs.push_back(to_json(d));
  for (const auto& [readout, why] : c.left_out) left_out[name_of(readout)] = why;
  return {{"format", "heretix_readouts"},
          {"version", 1},
          {"claim", recipe.claim.text},
          {"model", recipe.model},
          {"readouts", measured},
          {"differences", pairs},
          {"disagreement", c.disagreement()},
          {"differs", c.differs()},
          {"left_out", left_out}};
}

}  // namespace heretix
