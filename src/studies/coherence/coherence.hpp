// Whether beliefs about related claims fit together: a claim and its negation, paraphrase, conjunction, disjunction or
// consequence. Each rule is tested template by template, so what a wording does to both claims cancels.
//
// A violation has a price: what a trader who takes the model's probabilities for prices is sure to lose, for a stake of
// 1 (de Finetti's Dutch book). Formulas, simulation and limits: docs/coherence.md. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/record.hpp"
#include "belief/record/shown_belief.hpp"
#include "belief/stats/paired.hpp"
#include "report/document.hpp"

namespace heretix {

inline constexpr double kCoherentWithin = 0.05;  // in probability

enum class Coherence { coherent, incoherent, inconclusive };
std::string_view to_word(Coherence coherence);

// One rule that the probabilities must keep.
struct CoherenceCheck {
  std::string relation;  // "negation", "conjunction", …
  std::string rule;      // "p(A) + p(not A) = 1"
  std::vector<std::string> claims;
  std::size_t templates = 0;                // shared by all of the claims
  CenteredInterval violation{};             // 95 %, in probability; for an inequality, positive where it is broken
  CenteredInterval narrow{};                // the same at 90 %
  std::optional<CenteredInterval> logit{};  // only for an equality: 95 %, in log-odds
  double grid = 0;                          // the coarsest rounding step of the answers
  Coherence finding = Coherence::inconclusive;
  bool is_equality() const { return logit.has_value(); }
  double price() const;  // >= 0
  std::pair<double, double> price_interval() const;
};

// What the model believes once its tendency to say yes (or no) to either side is removed: (M_k - N_k) / 2.
struct AcquiescenceFree {
  CenteredInterval belief;   // log-odds
  CenteredInterval leaning;  // log-odds: (M_k + N_k) / 2, above 0 where it says yes to both
};

// What the model believes of one of the claims.
struct ClaimBelief {
  std::string claim;
  ShownBelief belief;
};
ClaimBelief belief_in(const Record& record);

struct CoherenceReport {
  std::string claim;
  ModelName model;
  std::vector<ClaimBelief> beliefs;  // the claim's own first, then as the rules take them
  std::vector<CoherenceCheck> checks;
  std::optional<AcquiescenceFree> free_of_acquiescence{};
  std::vector<ExecutionId> executions;
  bool is_violated() const;
};

// The records are of one model on the same templates. All of these throw Error{bad_input} if they share fewer than two.
CoherenceCheck check_negation(const Record& claim, const Record& negation);
AcquiescenceFree acquiescence_free(const Record& claim, const Record& negation);
CoherenceCheck check_paraphrase(const Record& claim, const Record& paraphrase);
CoherenceCheck check_consequence(const Record& premise, const Record& conclusion);
std::vector<CoherenceCheck> check_conjunction(const Record& a, const Record& b, const Record& both);
std::vector<CoherenceCheck> check_disjunction(const Record& a, const Record& b, const Record& either);

// "Both of these statements are true: …" and "At least one of …", built so that no grammar can go wrong.
std::string conjunction_of(const std::string& a, const std::string& b);
std::string disjunction_of(const std::string& a, const std::string& b);

Document to_document(const CoherenceReport& report);
nlohmann::json to_json(const CoherenceReport& report);  // format "heretix_coherence", version 1

}  // namespace heretix
