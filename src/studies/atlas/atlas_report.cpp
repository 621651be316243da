// Shows an atlas as a document.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/text.hpp"
#include "report/mock_mark.hpp"
#include "report/shown_difference.hpp"
#include "studies/atlas/atlas_blocks.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMostPairs = 15;
constexpr std::size_t kMostPulls = 12;

std::string count_of(std::size_t count, const char* one, const char* several) {
  return fmt::format("{} {}", count, count == 1 ? one : several);
}

std::string cell_text(const Atlas& atlas, const std::optional<std::size_t>& cell) {
  if (!cell) return "";
  const AtlasRow& row = atlas.rows[*cell];
  switch (standing_of(row)) {
    case AtlasStanding::none: return "none";
    case AtlasStanding::unstable: return fmt::format("unstable {:.2f}", *row.p);
    case AtlasStanding::belief: break;
  }
  if (!row.low || !row.high) return fmt::format("{:.2f}", *row.p);
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", *row.p, *row.low, *row.high);
}

std::string disagreement_text(const AtlasClaim& claim) {
  return claim.disagreement ? fmt::format("{:.2f}", claim.disagreement->shown()) : "";
}

std::vector<std::size_t> in_order(const Atlas& atlas, const AtlasView& view) {
  if (view.order == AtlasOrder::claim) return claims_by_text(atlas);
  return view.order == AtlasOrder::model ? claims_by_model(atlas, view.model) : claims_by_disagreement(atlas);
}

std::string order_text(const Atlas& atlas, const AtlasView& view) {
  if (view.order == AtlasOrder::claim) return "by their text";
  if (view.order == AtlasOrder::model) return fmt::format("by what {} says", atlas_label(atlas, view.model));
  return "by how far the models are apart";
}

std::string shown_wording(const std::string& wording) { return replaced(wording, {"<claim>{CLAIM}</claim>", "…"}); }

std::string share_text(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string p_text(double p) { return p < 0.0001 ? "below 0.0001" : fmt::format("{:.4f}", p); }

void show_scores(const Atlas& atlas, std::vector<Block>& blocks) {
  DocumentTable table{{"model", "claims", "Brier", "reliability", "resolution", "uncertainty", "right side of 0.5"},
                      {}};
  for (const AtlasTruth& t : atlas.truths) {
    if (!t.scores) continue;
    table.rows.push_back({atlas_label(atlas, t.model), std::to_string(t.judged), fmt::format("{:.4f}", t.scores->brier),
                          fmt::format("{:.4f}", t.scores->miscalibration),
                          fmt::format("{:.4f}", t.scores->discrimination), fmt::format("{:.4f}", t.scores->uncertainty),
                          share_text(t.right_share)});
  }
  blocks.push_back(std::move(table));
  blocks.push_back(Paragraph{
      "Brier = reliability - resolution + uncertainty, by the isotonic fit (CORP; Dimitriadis, Gneiting & Jordan 2021, "
      "after Murphy 1973). Every number counts here, also where there is no stable belief; a coin scores 0.25.",
      true});
}

void show_standing(const Atlas& atlas, std::vector<Block>& blocks) {
  StackedBars bars{.axis = "claims whose truth is known",
                   .kinds = {{"right", "█", "--measure"},
                             {"wrong", "▒", "--attention"},
                             {"unstable", "░", "--no-belief"},
                             {"on one half", "─", "--line"},
                             {"no belief", "·", "--edge"}},
                   .rows = {}};
  for (const AtlasTruth& t : atlas.truths)
    bars.rows.push_back({atlas_label(atlas, t.model), {t.right, t.wrong, t.unstable, t.undecided, t.none}});
  blocks.push_back(std::move(bars));
}

void show_reliability(const Atlas& atlas, std::vector<Block>& blocks) {
  for (const AtlasTruth& t : atlas.truths) {
    blocks.push_back(Heading{"Reliability of " + atlas_label(atlas, t.model)});
    if (t.curve.empty()) {
      blocks.push_back(Paragraph{t.scores
                                     ? "All claims that it was judged by have the same truth, so there is no diagram."
                                     : "It has no number for any claim whose truth is known."});
      continue;
    }
    blocks.push_back(reliability_diagram(t.curve, t.places, t.band));
    blocks.push_back(stated_probabilities(t.histogram));
    blocks.push_back(parts_of_brier(*t.scores));
  }
  blocks.push_back(about_the_band());
  blocks.push_back(about_the_parts());
}

void show_score_differences(const Atlas& atlas, std::vector<Block>& blocks) {
  if (atlas.score_differences.empty()) return;
  blocks.push_back(Heading{"Differences between models where the truth is known"});
  DocumentTable table{
      {"A", "B", "claims", "Brier of A", "Brier of B", "A - B [95 %]", "p, adjusted", "right A - B [95 %]"}, {}};
  for (const AtlasScoreDifference& d : atlas.score_differences)
    table.rows.push_back({atlas_label(atlas, d.a), atlas_label(atlas, d.b), std::to_string(d.claims),
                          fmt::format("{:.3f}", d.brier_a), fmt::format("{:.3f}", d.brier_b),
                          difference_text(d.brier_a, d.brier_b, d.brier), d.adjusted ? p_text(*d.adjusted) : "",
                          difference_text(d.right_a, d.right_b, d.right)});
  blocks.push_back(std::move(table));
  blocks.push_back(Paragraph{
      "Below 0 in the Brier score, A is better. Each claim that both have a number for is one pair; the interval is "
      "Student's t over these claims, and p is adjusted for the number of pairs (Benjamini & Hochberg 1995).",
      true});
}

void show_agreement(const Atlas& atlas, std::vector<Block>& blocks) {
  if (atlas.agreements.empty()) return;
  blocks.push_back(Heading{"Which models agree"});
  DocumentTable table{{"models", "claims", "mean distance [95 %]", "on the same side of 0.5"}, {}};
  const std::size_t shown = std::min(atlas.agreements.size(), kMostPairs);
  for (const AtlasAgreement& pair : std::span(atlas.agreements).first(shown))
    table.rows.push_back(
        {fmt::format("{} and {}", atlas_label(atlas, pair.a), atlas_label(atlas, pair.b)), std::to_string(pair.claims),
         pair.distance.low
             ? fmt::format("{:.3f} [{:.3f}, {:.3f}]", pair.distance.center, *pair.distance.low, *pair.distance.high)
             : fmt::format("{:.3f}", pair.distance.center),
         share_text(pair.same_side)});
  blocks.push_back(std::move(table));

  const std::string left_out =
      shown < atlas.agreements.size()
          ? fmt::format(" {} more pairs are left out here; --json has all of them.", atlas.agreements.size() - shown)
          : "";
  blocks.push_back(Paragraph{
      "The pair that agrees most stands first: by the mean absolute difference of their probabilities, over the claims "
      "about which both have a belief." +
          left_out,
      true});
}

std::string about_missing_wordings(const Atlas& atlas) {
  const std::size_t numbers = atlas.totals.beliefs + atlas.totals.unstable;
  if (atlas.checks_with_wordings == numbers) return "";
  if (atlas.checks_with_wordings == 0)
    return "What the wordings said is not in the store, so where the spread comes from and which wordings pull is left "
           "out. --db names the store that the batch was measured into.";
  return fmt::format("What the wordings said is in the store for {} of {} checks; the others are left out here.",
                     atlas.checks_with_wordings, numbers);
}

void show_components(const Atlas& atlas, std::vector<Block>& blocks) {
  if (atlas.components.empty()) {
    if (atlas.checks_with_wordings > 0)
      blocks.push_back(
          Paragraph{"Too little varies to say where the spread comes from: it takes several wordings, and "
                    "several claims or models."});
    return;
  }
  Shares shares;
  DocumentTable table{{"source", "variance (squared log-odds)", "share"}, {}};
  for (const CrossedComponent& c : atlas.components) {
    shares.parts.push_back({c.source, c.share});
    table.rows.push_back({c.source, fmt::format("{:.4f}", c.variance), share_text(c.share)});
  }
  blocks.push_back(std::move(shares));
  blocks.push_back(std::move(table));
  blocks.push_back(Paragraph{
      "Of what one wording says of one claim by one model, in log-odds: random effects by Henderson's method 1 "
      "(Searle, "
      "Casella & McCulloch 1992). Claim x model is how far models disagree about single claims. With few models "
      "or wordings their own shares are rough.",
      true});
}

void show_pulls(const Atlas& atlas, std::vector<Block>& blocks) {
  if (atlas.pulls.empty()) return;
  blocks.push_back(Heading{"Which wordings pull"});
  const std::size_t shown = std::min(atlas.pulls.size(), kMostPulls);
  Forest forest{.axis = "pull, in log-odds", .from = 0, .to = 0, .reference = 0.0, .rows = {}};
  double widest = 0.1;
  for (const AtlasPull& pull : std::span(atlas.pulls).first(shown)) {
    forest.rows.push_back({.label = shown_wording(pull.wording),
                           .center = pull.pull.center,
                           .low = pull.pull.low,
                           .high = pull.pull.high});
    widest = std::max({widest, std::abs(pull.pull.center), std::abs(pull.pull.low.value_or(0)),
                       std::abs(pull.pull.high.value_or(0))});
  }
  forest.to = std::min(4.0, std::ceil(widest * 5) / 5);
  forest.from = -forest.to;
  blocks.push_back(std::move(forest));

  DocumentTable table{{"wording", "claims", "pull in log-odds [95 %]"}, {}};
  for (const AtlasPull& pull : std::span(atlas.pulls).first(shown))
    table.rows.push_back(
        {shown_wording(pull.wording), std::to_string(pull.claims),
         pull.pull.low ? fmt::format("{:+.3f} [{:+.3f}, {:+.3f}]", pull.pull.center, *pull.pull.low, *pull.pull.high)
                       : fmt::format("{:+.3f}", pull.pull.center)});
  blocks.push_back(std::move(table));
  blocks.push_back(Paragraph{
      fmt::format("The mean deviation of a wording from the mean of all wordings of its check, those that pull most "
                  "first{}. Above 0 it makes the model say true more often. The claims are the clusters of the "
                  "interval.",
                  shown < atlas.pulls.size() ? fmt::format(" ({} of {})", shown, atlas.pulls.size()) : ""),
      true});
}

}  // namespace

std::string atlas_label(const Atlas& atlas, std::size_t model) {
  return shown_model(ModelName(atlas.models[model].label), atlas.models[model].is_mock);
}

std::string atlas_title(const Atlas& atlas) {
  return fmt::format("Atlas of {} by {}", count_of(atlas.claims.size(), "claim", "claims"),
                     count_of(atlas.models.size(), "model", "models"));
}

std::vector<Block> overview_blocks(const Atlas& atlas) {
  const AtlasTotals& t = atlas.totals;
  std::vector<Block> blocks;
  blocks.push_back(Paragraph{fmt::format(
      "{}: {} with a belief, {} without a stable one, {} without any; a gate failed in {}. {} ({} from the store), "
      "billed {}.",
      count_of(t.rows, "check", "checks"), t.beliefs, t.unstable, t.none, t.gate_failed,
      count_of(t.answers, "answer", "answers"), t.from_store, to_text(t.billed))});

  DocumentTable table{{"model", "beliefs", "unstable", "none", "gate failed", "answers", "billed"}, {}};
  for (std::size_t m = 0; m < atlas.models.size(); ++m) {
    const AtlasModel& model = atlas.models[m];
    table.rows.push_back({atlas_label(atlas, m), std::to_string(model.beliefs), std::to_string(model.unstable),
                          std::to_string(model.none), std::to_string(model.gate_failed), std::to_string(model.answers),
                          to_text(model.billed)});
  }
  blocks.push_back(std::move(table));
  return blocks;
}

std::vector<Block> matrix_blocks(const Atlas& atlas, const AtlasView& view) {
  const std::vector<std::size_t> order = in_order(atlas, view);
  const std::size_t shown = view.most == 0 ? order.size() : std::min(view.most, order.size());
  DocumentTable table{{"claim"}, {}};
  for (std::size_t m = 0; m < atlas.models.size(); ++m) table.header.push_back(atlas_label(atlas, m));
  if (atlas.models.size() > 1) table.header.push_back("apart");

  for (const std::size_t index : std::span(order).first(shown)) {
    const AtlasClaim& claim = atlas.claims[index];
    auto& cells = table.rows.emplace_back(std::vector<std::string>{claim.claim});
    for (const auto& cell : claim.cells) cells.push_back(cell_text(atlas, cell));
    if (atlas.models.size() > 1) cells.push_back(disagreement_text(claim));
  }

  std::vector<Block> blocks = {Heading{"Claims by models"}, std::move(table)};
  const std::string which = shown < order.size() ? fmt::format("{} of {} claims", shown, order.size()) : "All claims";
  const std::string apart =
      atlas.models.size() > 1 ? " Apart is the largest difference between two models that have a belief." : "";
  blocks.push_back(
      Paragraph{fmt::format("{}, {}; p with its 95 % interval.{}", which, order_text(atlas, view), apart), true});
  return blocks;
}

std::vector<Block> finding_blocks(const Atlas& atlas) {
  std::vector<Block> blocks;
  if (!atlas.truths.empty()) {
    blocks.push_back(Heading{"Where the truth is known"});
    show_standing(atlas, blocks);
    show_scores(atlas, blocks);
    show_score_differences(atlas, blocks);
    show_reliability(atlas, blocks);
  }

  show_agreement(atlas, blocks);
  blocks.push_back(Heading{"Where the spread comes from"});
  if (const std::string missing = about_missing_wordings(atlas); !missing.empty()) blocks.push_back(Paragraph{missing});
  show_components(atlas, blocks);
  show_pulls(atlas, blocks);
  return blocks;
}

Document to_document(const Atlas& atlas, const AtlasView& view) {
  Document document{.title = atlas_title(atlas), .blocks = overview_blocks(atlas)};
  for (auto blocks : {matrix_blocks(atlas, view), finding_blocks(atlas)})
    document.blocks.insert(document.blocks.end(), blocks.begin(), blocks.end());
  return document;
}

}  // namespace heretix
