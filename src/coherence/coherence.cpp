#include "coherence/coherence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "base/error.hpp"
#include "record/shared_templates.hpp"
#include "stats/moments.hpp"

namespace heretix {
namespace {

SharedTemplates require_shared(std::span<const Record* const> records) {
  SharedTemplates shared = shared_templates(records);
  if (shared.wordings.size() < 2)
    throw Error(ErrorKind::bad_input,
                fmt::format("the claims share {} answered templates, at least 2 are needed", shared.wordings.size()),
                fmt::format("ask more templates (-K, -T); see why answers were refused: heretix answers {}",
                            (*std::ranges::min_element(records, {}, &Record::compliance))->plan.run_id));
  return shared;
}

double grid_of(std::span<const Record* const> records) {
  double grid = 0;
  for (const Record* r : records) grid = std::max(grid, r->honest.bounds ? r->honest.bounds->grid : 0.0);
  return grid;
}

CoherenceCheck check_of(std::string relation, std::string rule, std::span<const Record* const> records,
                        const std::vector<double>& violation) {
  CoherenceCheck check{
      .relation = std::move(relation), .rule = std::move(rule), .claims = {}, .templates = violation.size()};
  for (const Record* r : records) check.claims.push_back(r->plan.recipe.claim.text);
  check.violation = trimmed_spread_interval(violation);
  check.narrow = trimmed_spread_interval(violation, Level::p90);
  check.grid = grid_of(records);
  return check;
}

// Two-sided: the log-odds decide whether it is broken, the probabilities whether that matters.
CoherenceCheck equality(CoherenceCheck check, const std::vector<double>& logits) {
  check.logit = trimmed_spread_interval(logits);
  const bool is_small =
      *check.narrow.low - check.grid >= -kCoherentWithin && *check.narrow.high + check.grid <= kCoherentWithin;
  if (check.logit->excludes_zero() && std::abs(check.violation.center) > check.grid)
    check.finding = Coherence::incoherent;
  else if (is_small) check.finding = Coherence::coherent;
  return check;
}

CoherenceCheck inequality(CoherenceCheck check) {
  if (*check.violation.low > 0 && check.violation.center > check.grid) check.finding = Coherence::incoherent;
  else if (*check.narrow.high + check.grid <= kCoherentWithin) check.finding = Coherence::coherent;
  return check;
}

// combine(p of each record) by template.
std::vector<double> over_templates(const SharedTemplates& shared, auto combine) {
  std::vector<double> values;
  for (std::size_t k = 0; k < shared.wordings.size(); ++k) {
    std::vector<double> p;
    for (const auto& means : shared.means) p.push_back(sigmoid(means[k]));
    values.push_back(combine(p));
  }
  return values;
}

std::string unpunctuated(std::string claim) {
  while (!claim.empty() && (claim.back() == '.' || claim.back() == ' ')) claim.pop_back();
  return claim;
}

using P = std::vector<double>;

}  // namespace

std::string_view to_word(Coherence coherence) {
  switch (coherence) {
    case Coherence::coherent: return "coherent";
    case Coherence::incoherent: return "incoherent";
    case Coherence::inconclusive: return "inconclusive";
  }
  throw std::logic_error("a Coherence without a word");
}

double CoherenceCheck::price() const {
  return is_equality() ? std::abs(violation.center) : std::max(0.0, violation.center);
}

std::pair<double, double> CoherenceCheck::price_interval() const {
  const double low = *violation.low;
  const double high = *violation.high;
  if (!is_equality()) return {std::max(0.0, low), std::max(0.0, high)};
  const bool holds_zero = low <= 0 && high >= 0;
  return {holds_zero ? 0.0 : std::min(std::abs(low), std::abs(high)), std::max(std::abs(low), std::abs(high))};
}

bool CoherenceReport::is_violated() const {
  return std::ranges::any_of(checks, [](const CoherenceCheck& c) { return c.finding == Coherence::incoherent; });
}

CoherenceCheck check_negation(const Record& claim, const Record& negation) {
  const std::array records{&claim, &negation};
  const SharedTemplates shared = require_shared(records);
  std::vector<double> sums;
  for (std::size_t k = 0; k < shared.wordings.size(); ++k) sums.push_back(shared.means[0][k] + shared.means[1][k]);
  return equality(check_of("negation", "p(A) + p(not A) = 1", records,
                           over_templates(shared, [](const P& p) { return p[0] + p[1] - 1; })),
                  sums);
}

AcquiescenceFree acquiescence_free(const Record& claim, const Record& negation) {
  const SharedTemplates shared = require_shared(std::array{&claim, &negation});
  std::vector<double> beliefs, leanings;
  for (std::size_t k = 0; k < shared.wordings.size(); ++k) {
    beliefs.push_back((shared.means[0][k] - shared.means[1][k]) / 2);
    leanings.push_back((shared.means[0][k] + shared.means[1][k]) / 2);
  }
  return {trimmed_spread_interval(beliefs), trimmed_spread_interval(leanings)};
}

CoherenceCheck check_paraphrase(const Record& claim, const Record& paraphrase) {
  const std::array records{&claim, &paraphrase};
  const SharedTemplates shared = require_shared(records);
  std::vector<double> differences;
  for (std::size_t k = 0; k < shared.wordings.size(); ++k)
    differences.push_back(shared.means[0][k] - shared.means[1][k]);
  return equality(check_of("paraphrase", "p(A) = p(A in other words)", records,
                           over_templates(shared, [](const P& p) { return p[0] - p[1]; })),
                  differences);
}

CoherenceCheck check_consequence(const Record& premise, const Record& conclusion) {
  const std::array records{&premise, &conclusion};
  const SharedTemplates shared = require_shared(records);
  return inequality(check_of("consequence", "p(A) <= p(B), as A implies B", records,
                             over_templates(shared, [](const P& p) { return p[0] - p[1]; })));
}

std::vector<CoherenceCheck> check_conjunction(const Record& a, const Record& b, const Record& both) {
  const std::array records{&a, &b, &both};
  const SharedTemplates shared = require_shared(records);
  const auto rule = [&](const char* text, auto combine) {
    return inequality(check_of("conjunction", text, records, over_templates(shared, combine)));
  };
  return {rule("p(A and B) <= p(A)", [](const P& p) { return p[2] - p[0]; }),
          rule("p(A and B) <= p(B)", [](const P& p) { return p[2] - p[1]; }),
          rule("p(A and B) >= p(A) + p(B) - 1", [](const P& p) { return p[0] + p[1] - 1 - p[2]; })};
}

std::vector<CoherenceCheck> check_disjunction(const Record& a, const Record& b, const Record& either) {
  const std::array records{&a, &b, &either};
  const SharedTemplates shared = require_shared(records);
  const auto rule = [&](const char* text, auto combine) {
    return inequality(check_of("disjunction", text, records, over_templates(shared, combine)));
  };
  return {rule("p(A or B) >= p(A)", [](const P& p) { return p[0] - p[2]; }),
          rule("p(A or B) >= p(B)", [](const P& p) { return p[1] - p[2]; }),
          rule("p(A or B) <= p(A) + p(B)", [](const P& p) { return p[2] - p[0] - p[1]; })};
}

std::string conjunction_of(const std::string& a, const std::string& b) {
  return fmt::format("Both of these statements are true: (1) {}; (2) {}.", unpunctuated(a), unpunctuated(b));
}

std::string disjunction_of(const std::string& a, const std::string& b) {
  return fmt::format("At least one of these statements is true: (1) {}; (2) {}.", unpunctuated(a), unpunctuated(b));
}

}  // namespace heretix
