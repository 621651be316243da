// The difference between two measurements of a claim, and between many of them, with its interval, a permutation test
// and what drives it. Formulas, sources and limits: docs/compare.md. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/record.hpp"
#include "belief/stats/paired.hpp"
#include "report/document.hpp"

namespace heretix {

inline constexpr double kSameWithin = 0.05;  // in probability: a difference this small counts as none
inline constexpr double kFalseDiscoveryRate = 0.05;

enum class Finding { higher, lower, same, inconclusive };  // A against B
std::string_view to_word(Finding finding);

struct TemplateDifference {
  std::string wording;
  double a, b;     // means, in log-odds
  double without;  // the difference's centre if this template were left out
  double difference() const { return a - b; }
};

// The difference on one claim.
struct ClaimDifference {
  std::string claim_a, claim_b;
  ModelName model_a, model_b;
  ExecutionId run_a, run_b;
  // Who answered, where that belongs to the model's identity ("llama.cpp/b11434"). Empty means the service that the
  // model's name stands for.
  std::string server_a{}, server_b{};
  double p_a = 0, p_b = 0;            // belief_v2
  double center_a = 0, center_b = 0;  // the same in log-odds
  bool is_paired = false;             // on the templates that both asked; otherwise Welch's, on different ones
  std::size_t templates_a = 0, templates_b = 0;
  std::vector<TemplateDifference> templates;  // only if paired; largest difference first
  CenteredInterval difference{};              // p_a minus p_b, at level 0.95
  CenteredInterval logit{};                   // center_a minus center_b, at level 0.95; decides `higher` and `lower`
  CenteredInterval probability{};             // p_a minus p_b, at level 0.90; decides `same`
  double grid = 0;                            // the coarser of the two resolutions
  std::optional<LogitRange> rounding{};       // range of A minus B that the known rounding leaves open
  std::optional<double> p_value{};            // sign flips of the pairs, or Welch's; empty for a single template
  std::optional<double> adjusted{};           // among many claims (Benjamini-Hochberg)
  Finding finding = Finding::inconclusive;
};

// Throws Error{bad_input} if they share no template and one of them has only one.
ClaimDifference difference_between(const Record& a, const Record& b);

// The difference over many claims, where the claim is the unit.
struct Differences {
  std::string name_a, name_b;
  std::vector<ClaimDifference> claims;
  CenteredInterval overall{};               // of the claims' differences, in log-odds
  std::optional<double> p_value{};          // sign flips over claims
  Finding finding = Finding::inconclusive;  // of `overall`; for a single claim, that claim's own
  std::size_t named() const;                // claims that differ after false-discovery control
};

Differences differences_of(std::string name_a, std::string name_b, std::vector<ClaimDifference> claims);

Document to_document(const Differences& differences);
nlohmann::json to_json(const Differences& differences);  // format "heretix_comparison", version 1

}  // namespace heretix
