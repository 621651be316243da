// Shows certificates as a document, and one certificate as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/calibration_blocks.hpp"
#include "report/mock_mark.hpp"
#include "studies/calibrate/certificate.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::string finding(const Certificate& c) {
  if (c.z_p_value >= 0.05) return "No miscalibration was found; that does not prove calibration.";
  return fmt::format("Miscalibrated: Spiegelhalter's Z is {:+.2f} (p {}).", c.scores.spiegelhalter_z,
                     c.z_p_value < 0.0001 ? "below 0.0001" : fmt::format("{:.4f}", c.z_p_value));
}

json scores_json(const CalibrationScores& s) {
  return {{"brier", s.brier},
          {"log_score", s.log_score},
          {"miscalibration", s.miscalibration},
          {"discrimination", s.discrimination},
          {"uncertainty", s.uncertainty},
          {"spiegelhalter_z", s.spiegelhalter_z},
          {"squared_error_debiased", s.squared_error_debiased}};
}

std::string name_of(const Certificate& c) {
  const bool is_written = c.readout == to_word(Readout::verbalized);
  const std::string model = shown_model(c.model, c.is_mock());
  return is_written ? model : fmt::format("{}, read by {}", model, c.readout);
}

std::vector<LabelledBelief> judged(const Certificate& c) {
  std::vector<LabelledBelief> beliefs;
  for (const JudgedClaim& claim : c.claims) {
    if (claim.p) beliefs.push_back({*claim.p, claim.labelled.is_true});
  }
  return beliefs;
}

void show_pictures(const Certificate& c, std::vector<Block>& blocks) {
  blocks.push_back(Heading{name_of(c)});
  blocks.push_back(Paragraph{finding(c)});
  if (c.judged < c.claims.size())
    blocks.push_back(Paragraph{fmt::format("{} of {} claims got too few usable answers and are left out.",
                                           c.claims.size() - c.judged, c.claims.size())});

  blocks.push_back(reliability_diagram(c.curve, c.places, c.band));
  blocks.push_back(stated_probabilities(histogram_of(judged(c))));
  blocks.push_back(about_the_band());
  blocks.push_back(parts_of_brier(c.scores));
  blocks.push_back(about_the_parts());
}

void show_numbers(const Certificate& c, std::vector<Block>& blocks) {
  const CalibrationScores& s = c.scores;
  blocks.push_back(DocumentTable{
      {"score", "value", "meaning"},
      {{"Brier", fmt::format("{:.4f}", s.brier), "mean squared error; a coin scores 0.25"},
       {"log", fmt::format("{:.4f}", s.log_score),
        "mean -ln of the probability given to the truth, kept within .005 to .995"},
       {"miscalibration", fmt::format("{:.4f}", s.miscalibration),
        "the part of the Brier score that a monotone map could remove"},
       {"discrimination", fmt::format("{:.4f}", s.discrimination), "what is gained by telling true from false"},
       {"uncertainty", fmt::format("{:.4f}", s.uncertainty), "what the labels alone leave open"},
       {"ECE beyond chance", fmt::format("{:+.4f}", c.error.excess()),
        fmt::format("observed {:.4f}, by chance {:.4f}", c.error.observed, c.error.by_chance)},
       {"squared ECE", fmt::format("{:+.4f}", s.squared_error_debiased), "debiased; may be negative"},
       {"right side of 0.5", fmt::format("{:.1f} %", 100 * c.right),
        fmt::format("{:.1f} % of the labels are true", 100 * c.base_rate)}}});

  if (c.recalibrated)
    blocks.push_back(
        Paragraph{fmt::format("Recalibrated by a map fitted without the claim's own fold: Brier {:.4f}, log {:.4f}. It "
                              "is applied only by --recalibrate.",
                              c.recalibrated->brier, c.recalibrated->log_score)});

  if (c.groups.empty()) return;
  DocumentTable groups{{"group", "labels", "Brier", "right side of 0.5"}, {}};
  for (const GroupScore& g : c.groups)
    groups.rows.push_back(
        {g.name, std::to_string(g.labels), fmt::format("{:.3f}", g.brier), fmt::format("{:.0f} %", 100 * g.right)});
  blocks.push_back(std::move(groups));
}

bool can_be_ranked(const std::vector<Certificate>& all) {
  return std::ranges::all_of(all, [](const Certificate& c) { return c.judged >= kLeastLabelsToRank; });
}

// Best calibrated first, where there are labels enough to say so; else as they were named.
std::vector<const Certificate*> in_order(const std::vector<Certificate>& all) {
  std::vector<const Certificate*> sorted;
  for (const Certificate& c : all) sorted.push_back(&c);
  if (can_be_ranked(all))
    std::ranges::stable_sort(sorted, {}, [](const Certificate* c) { return c->scores.miscalibration; });
  return sorted;
}

void show_ranking_picture(const std::vector<Certificate>& all, std::vector<Block>& blocks) {
  Forest forest{.axis = "miscalibration, a part of the Brier score", .from = 0, .to = 0, .reference = {}, .rows = {}};
  for (const Certificate* c : in_order(all)) {
    forest.rows.push_back({.label = name_of(*c), .center = c->scores.miscalibration});
    forest.to = std::max(forest.to, c->scores.miscalibration);
  }
  forest.to = std::max(0.1, std::ceil(forest.to * 10) / 10);
  blocks.push_back(std::move(forest));
  blocks.push_back(Paragraph{
      can_be_ranked(all) ? "Best calibrated first."
                         : fmt::format("Not ranked: fewer than {} labels are too few to rank models by calibration.",
                                       kLeastLabelsToRank),
      true});
}

void show_ranking_table(const std::vector<Certificate>& all, std::vector<Block>& blocks) {
  DocumentTable table{{"model", "labels", "Brier", "miscalibration", "discrimination", "Z"}, {}};
  for (const Certificate* c : in_order(all))
    table.rows.push_back({shown_model(c->model, c->is_mock()), std::to_string(c->judged),
                          fmt::format("{:.4f}", c->scores.brier), fmt::format("{:.4f}", c->scores.miscalibration),
                          fmt::format("{:.4f}", c->scores.discrimination),
                          fmt::format("{:+.2f}", c->scores.spiegelhalter_z)});
  blocks.push_back(std::move(table));
}

}  // namespace

Document to_document(const std::vector<Certificate>& certificates) {
  const Certificate& first = certificates.front();
  Document document{.title = "Calibration on labelled claims", .blocks = {}};
  document.blocks.push_back(
      Paragraph{fmt::format("{} labelled claims (sha256 {}), {}; probabilities by {}.", first.claims.size(),
                            first.labels_sha256.substr(0, 16), first.plan, kBeliefMethod),
                true});

  // Pictures first; the tables say the same to four digits.
  const bool are_several = certificates.size() > 1;
  if (are_several) show_ranking_picture(certificates, document.blocks);
  for (const Certificate& c : certificates) show_pictures(c, document.blocks);

  document.blocks.push_back(Heading{"In numbers"});
  if (are_several) show_ranking_table(certificates, document.blocks);
  for (const Certificate& c : certificates) {
    if (are_several) document.blocks.push_back(Heading{name_of(c)});
    show_numbers(c, document.blocks);
  }
  return document;
}

json to_json(const Certificate& c) {
  json curve = json::array(), band = json::array(), groups = json::array(), claims = json::array();
  for (const CorpStep& step : c.curve)
    curve.push_back({{"low", step.low}, {"high", step.high}, {"rate", step.rate}, {"count", step.count}});
  for (std::size_t i = 0; i < c.places.size(); ++i)
    band.push_back({{"p", c.places[i]}, {"low", c.band.low[i]}, {"high", c.band.high[i]}});
  for (const GroupScore& g : c.groups)
    groups.push_back({{"group", g.name}, {"labels", g.labels}, {"brier", g.brier}, {"right", g.right}});
  for (const JudgedClaim& j : c.claims)
    claims.push_back({{"claim", j.labelled.claim},
                      {"label", j.labelled.is_true},
                      {"p", j.p ? json(*j.p) : json(nullptr)},
                      {"execution", j.execution_id ? j.execution_id->text() : ""}});

  json out = {{"format", "heretix_calibration"},
              {"version", 1},
              {"model", c.model},
              {"mode", c.mode},
              {"readout", c.readout},
              {"number", kBeliefMethod},
              {"labels_sha256", c.labels_sha256},
              {"plan", c.plan},
              {"labels", c.claims.size()},
              {"judged", c.judged},
              {"base_rate", c.base_rate},
              {"right", c.right},
              {"scores", scores_json(c.scores)},
              {"z_p_value", c.z_p_value},
              {"calibration_error",
               {{"observed", c.error.observed}, {"by_chance", c.error.by_chance}, {"excess", c.error.excess()}}},
              {"seed", std::to_string(c.seed)},
              {"curve", curve},
              {"band_95", band},
              {"recalibrated", c.recalibrated ? scores_json(*c.recalibrated) : json(nullptr)},
              {"groups", groups},
              {"claims", claims}};
  if (c.is_mock()) out["mock"] = true;
  return out;
}

}  // namespace heretix
