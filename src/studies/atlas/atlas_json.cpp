// An atlas as JSON: format "heretix_atlas", version 1 (docs/atlas.md).
#include <cmath>
#include <nlohmann/json.hpp>

#include "belief/stats/belief_v2.hpp"
#include "studies/atlas/atlas.hpp"

namespace heretix {
namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json interval_json(const CenteredInterval& i) { return i.low && i.high ? json({*i.low, *i.high}) : json(nullptr); }

json totals_json(const auto& counted) {
  return {{"checks", counted.rows},
          {"beliefs", counted.beliefs},
          {"unstable", counted.unstable},
          {"none", counted.none},
          {"gate_failed", counted.gate_failed},
          {"answers", counted.answers},
          {"from_store", counted.from_store},
          {"billed_usd", counted.billed.dollars()},
          {"seconds", counted.seconds}};
}

json model_json(const AtlasModel& m) {
  json out = totals_json(m);
  out["name"] = m.label;
  out["model"] = m.model;
  out["provider"] = m.provider.empty() ? json(nullptr) : json(m.provider);
  out["mock"] = m.is_mock;
  return out;
}

json cell_json(const AtlasRow& row, std::size_t model) {
  return {{"model", model},
          {"standing", to_word(standing_of(row))},
          {"p", or_null(row.p)},
          {"low", or_null(row.low)},
          {"high", or_null(row.high)},
          {"stable", or_null(row.is_stable)},
          {"gates_failed", row.gates_failed},
          {"billed_usd", row.billed.dollars()},
          {"execution_id", row.execution_id ? json(*row.execution_id) : json(nullptr)},
          {"error", row.error.empty() ? json(nullptr) : json(row.error)}};
}

json claim_json(const Atlas& atlas, const AtlasClaim& claim) {
  json cells = json::array();
  for (std::size_t m = 0; m < claim.cells.size(); ++m) {
    if (claim.cells[m]) cells.push_back(cell_json(atlas.rows[*claim.cells[m]], m));
  }
  json disagreement;
  if (const auto& d = claim.disagreement)
    disagreement = {{"difference", d->difference()}, {"lowest", d->lowest}, {"highest", d->highest}};
  return {{"claim", claim.claim},
          {"tags", claim.tags},
          {"truth", or_null(claim.truth)},
          {"disagreement", disagreement},
          {"cells", cells}};
}

json scores_json(const CalibrationScores& s) {
  return {{"brier", s.brier},
          {"miscalibration", s.miscalibration},
          {"discrimination", s.discrimination},
          {"uncertainty", s.uncertainty},
          {"log_score", s.log_score},
          {"spiegelhalter_z", s.spiegelhalter_z}};
}

json truth_json(const AtlasTruth& t) {
  json curve = json::array(), band = json::array(), histogram = json::array();
  for (const CorpStep& step : t.curve)
    curve.push_back({{"low", step.low}, {"high", step.high}, {"rate", step.rate}, {"count", step.count}});
  for (std::size_t i = 0; i < t.places.size(); ++i)
    band.push_back({{"p", t.places[i]}, {"low", t.band.low[i]}, {"high", t.band.high[i]}});
  for (const Histogram::Bin& bin : stated_probabilities(t.histogram).bins)
    histogram.push_back({{"from", bin.from}, {"to", bin.to}, {"claims", bin.count}, {"true", bin.marked}});
  return {{"model", t.model},
          {"labelled", t.labelled},
          {"judged", t.judged},
          {"right", t.right},
          {"wrong", t.wrong},
          {"undecided", t.undecided},
          {"unstable", t.unstable},
          {"none", t.none},
          {"right_share", t.right_share},
          {"base_rate", t.base_rate},
          {"scores", t.scores ? scores_json(*t.scores) : json(nullptr)},
          {"curve", curve},
          {"band_95", band},
          {"histogram", histogram}};
}

json difference_json(const AtlasScoreDifference& d) {
  return {{"a", d.a},
          {"b", d.b},
          {"claims", d.claims},
          {"brier",
           {{"a", d.brier_a},
            {"b", d.brier_b},
            {"difference", d.brier.center},
            {"ci_95", interval_json(d.brier)},
            {"p_value", or_null(d.p_value)},
            {"adjusted", or_null(d.adjusted)}}},
          {"right",
           {{"a", d.right_a}, {"b", d.right_b}, {"difference", d.right.center}, {"ci_95", interval_json(d.right)}}}};
}

json agreement_json(const AtlasAgreement& pair) {
  return {{"a", pair.a},
          {"b", pair.b},
          {"claims", pair.claims},
          {"distance", pair.distance.center},
          {"ci_95", interval_json(pair.distance)},
          {"same_side", pair.same_side}};
}

json pull_json(const AtlasPull& pull) {
  return {{"wording", pull.wording},
          {"claims", pull.claims},
          {"checks", pull.checks},
          {"pull", pull.pull.center},
          {"ci_95", interval_json(pull.pull)}};
}

json list_of(const auto& items, auto as_json) {
  json list = json::array();
  for (const auto& item : items) list.push_back(as_json(item));
  return list;
}

}  // namespace

json to_json(const Atlas& atlas) {
  json components = list_of(atlas.components, [](const CrossedComponent& c) -> json {
    return {{"source", c.source}, {"variance", c.variance}, {"share", c.share}};
  });
  json out = {{"format", "heretix_atlas"},
              {"version", 1},
              {"number", kBeliefMethod},
              {"models", list_of(atlas.models, model_json)},
              {"totals", totals_json(atlas.totals)},
              {"claims", list_of(atlas.claims, [&](const AtlasClaim& claim) { return claim_json(atlas, claim); })},
              {"truth", list_of(atlas.truths, truth_json)},
              {"score_differences", list_of(atlas.score_differences, difference_json)},
              {"agreement", list_of(atlas.agreements, agreement_json)},
              {"checks_with_wordings", atlas.checks_with_wordings},
              {"components", components},
              {"wordings", list_of(atlas.pulls, pull_json)}};
  if (atlas.is_mock()) out["mock"] = true;
  return out;
}

}  // namespace heretix
