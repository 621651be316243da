#include "studies/coherence/coherence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/word_table.hpp"
#include "belief/record/shared_templates.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

constexpr double kSumError = 1e-9;  // of sums and differences of probabilities, with room
constexpr WordTable<Coherence, 3> kCoherenceWords({{Coherence::coherent, "coherent"},
                                                   {Coherence::incoherent, "incoherent"},
                                                   {Coherence::inconclusive, "inconclusive"}});

SharedTemplates require_shared(std::span<const Record* const> records) {
  SharedTemplates shared = shared_templates(records);
  if (shared.wordings.size() < 2)
    throw Error(ErrorKind::bad_input,
                fmt::format("the claims share {} answered templates; at least 2 are needed", shared.wordings.size()),
                fmt::format("ask more templates (-K, -T); see why answers were refused: heretix answers {}",
                            (*std::ranges::min_element(records, {}, &Record::compliance))->plan.run_id));
  return shared;
}

double grid_of(std::span<const Record* const> records) {
  double grid = 0;
  for (const Record* r : records) grid = std::max(grid, r->belief.found.bounds ? r->belief.found.bounds->grid : 0.0);
  return grid;
}

// A number for each template, and what the rounding of the model's numbers leaves open of it.
struct OverTemplates {
  std::vector<double> values;
  std::vector<LogitRange> ranges;

  CenteredInterval interval(Level level = Level::p95) const {
    return widened_to(trimmed_spread_interval(values, level), center_range(ranges));
  }
};

// combine(log-odds of each record), by template. It rises or falls steadily with each of them, so its extremes stand at
// corners of their ranges.
OverTemplates over_logits(const SharedTemplates& shared, auto combine) {
  const std::size_t records = shared.means.size();
  OverTemplates found;
  for (std::size_t k = 0; k < shared.wordings.size(); ++k) {
    std::vector<double> x;
    for (const auto& means : shared.means) x.push_back(means[k]);
    found.values.push_back(combine(x));

    LogitRange& range = found.ranges.emplace_back(found.values.back(), found.values.back());
    for (std::size_t corner = 0; corner < std::size_t{1} << records; ++corner) {
      for (std::size_t i = 0; i < records; ++i) {
        const LogitRange& of_record = shared.ranges[i][k];
        x[i] = (corner >> i & 1) != 0 ? of_record.high : of_record.low;
      }
      const double at_corner = combine(x);
      range = {std::min(range.low, at_corner), std::max(range.high, at_corner)};
    }
  }
  return found;
}

// The same of probabilities.
OverTemplates over_templates(const SharedTemplates& shared, auto combine) {
  return over_logits(shared, [&](std::vector<double> x) {
    for (double& value : x) value = sigmoid(value);
    return combine(x);
  });
}

CoherenceCheck check_of(std::string relation, std::string rule, std::span<const Record* const> records,
                        const OverTemplates& violation) {
  CoherenceCheck check{
      .relation = std::move(relation), .rule = std::move(rule), .claims = {}, .templates = violation.values.size()};
  for (const Record* r : records) check.claims.push_back(r->plan.recipe.claim.text);
  check.violation = violation.interval();
  check.narrow = violation.interval(Level::p90);
  check.grid = grid_of(records);
  return check;
}

// A violation up to here may be the rounding of the numbers, or of the sum itself: 0.42 + 0.58 - 1 need not be 0.
double negligible(const CoherenceCheck& check) { return std::max(check.grid, kSumError); }

// Two-sided: the log-odds decide whether it is broken, the probabilities whether that matters.
CoherenceCheck equality(CoherenceCheck check, const OverTemplates& logits) {
  check.logit = logits.interval();
  const bool is_small =
      *check.narrow.low - check.grid >= -kCoherentWithin && *check.narrow.high + check.grid <= kCoherentWithin;
  if (check.logit->excludes_zero() && std::abs(check.violation.center) > negligible(check))
    check.finding = Coherence::incoherent;
  else if (is_small) check.finding = Coherence::coherent;
  return check;
}

CoherenceCheck inequality(CoherenceCheck check) {
  if (*check.violation.low > 0 && check.violation.center > negligible(check)) check.finding = Coherence::incoherent;
  else if (*check.narrow.high + check.grid <= kCoherentWithin) check.finding = Coherence::coherent;
  return check;
}

std::string unpunctuated(std::string claim) {
  while (!claim.empty() && (claim.back() == '.' || claim.back() == ' ')) claim.pop_back();
  return claim;
}

using P = std::vector<double>;  // probabilities
using X = std::vector<double>;  // log-odds

}  // namespace

ClaimBelief belief_in(const Record& record) {
  return {.claim = record.plan.recipe.claim.text, .belief = shown(record.belief)};
}

std::string_view to_word(Coherence coherence) { return kCoherenceWords.word(coherence); }

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
  const OverTemplates sums = over_logits(shared, [](const X& x) { return x[0] + x[1]; });
  return equality(check_of("negation", "p(A) + p(not A) = 1", records,
                           over_templates(shared, [](const P& p) { return p[0] + p[1] - 1; })),
                  sums);
}

AcquiescenceFree acquiescence_free(const Record& claim, const Record& negation) {
  const SharedTemplates shared = require_shared(std::array{&claim, &negation});
  return {over_logits(shared, [](const X& x) { return (x[0] - x[1]) / 2; }).interval(),
          over_logits(shared, [](const X& x) { return (x[0] + x[1]) / 2; }).interval()};
}

CoherenceCheck check_paraphrase(const Record& claim, const Record& paraphrase) {
  const std::array records{&claim, &paraphrase};
  const SharedTemplates shared = require_shared(records);
  const OverTemplates differences = over_logits(shared, [](const X& x) { return x[0] - x[1]; });
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
