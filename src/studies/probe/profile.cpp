#include "studies/probe/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/resolution.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

constexpr double kTail = 0.025;  // on each side of a 95 % interval
constexpr double kTolerance = 1e-9;
constexpr std::size_t kPiledUp = 3;  // as many equal numbers at one end are no coincidence

// ---- Intervals ----

// The interval of the mean, by Student's t. A single value says nothing about its spread, so its interval is the value
// itself.
Bounded mean_of(const std::vector<double>& values) {
  const double mean = mean_left_to_right(values);
  if (values.size() < 2) return {mean, mean, mean};
  const auto n = static_cast<double>(values.size());
  const double half = student_quantile(1 - kTail, n - 1) * standard_deviation(values) / std::sqrt(n);
  return {mean, mean - half, mean + half};
}

// Wordings of one claim are alike, so the claims are the units of the mean.
Bounded mean_over_claims(const std::map<std::size_t, std::vector<double>>& by_claim) {
  std::vector<double> means;
  for (const auto& [claim, values] : by_claim) means.push_back(mean_left_to_right(values));
  return mean_of(means);
}

// The interval of a quantile, between the order statistics that enclose it with that probability (normal approximation
// of the binomial count below it). No law of the values is assumed.
Bounded quantile_of(const std::vector<double>& sorted, double q) {
  const auto n = static_cast<double>(sorted.size());
  const double reach = normal_quantile(1 - kTail) * std::sqrt(n * q * (1 - q));
  const auto at = [&](double rank) { return sorted[static_cast<std::size_t>(std::clamp(rank, 1.0, n)) - 1]; };
  return {quantile(sorted, q), at(std::floor(n * q - reach)), at(std::ceil(n * q + reach) + 1)};
}

// ---- Noise ----

const std::vector<double>* numbers_of(const StatementSeen& statement, Way way) {
  const auto found = statement.numbers.find(way);
  return found == statement.numbers.end() || found->second.empty() ? nullptr : &found->second;
}

bool are_equal(const std::vector<double>& numbers) {
  return std::ranges::all_of(numbers, [&](double p) { return p == numbers.front(); });
}

// The mean and the deviation of repeats. For equal numbers both are exact, without any rounding error.
double mean_number(const std::vector<double>& numbers) {
  return are_equal(numbers) ? numbers.front() : mean_left_to_right(numbers);
}
double deviation_of(const std::vector<double>& numbers) { return are_equal(numbers) ? 0 : standard_deviation(numbers); }

double mean_alone(const StatementSeen& statement) { return mean_number(*numbers_of(statement, Way::alone)); }

// The variance of a number is the mean of the statements' variances; its interval follows from their spread.
std::optional<NoiseFound> noise_of(const std::vector<StatementSeen>& statements) {
  NoiseFound found;
  std::vector<double> variances;
  for (const StatementSeen& statement : statements) {
    const auto* numbers = numbers_of(statement, Way::alone);
    if (numbers == nullptr || numbers->size() < 2) continue;
    const double deviation = deviation_of(*numbers);
    variances.push_back(deviation * deviation);
    if (!are_equal(*numbers)) ++found.differing;
  }
  if (variances.empty()) return std::nullopt;

  found.statements = variances.size();
  const Bounded variance = mean_of(variances);
  found.deviation = {std::sqrt(variance.value), std::sqrt(std::max(0.0, variance.low)), std::sqrt(variance.high)};
  return found;
}

// ---- Numbers ----

std::vector<double> all_numbers(const std::vector<StatementSeen>& statements) {
  std::vector<double> all;
  for (const StatementSeen& statement : statements) {
    for (const auto& [way, numbers] : statement.numbers) all.insert(all.end(), numbers.begin(), numbers.end());
    if (statement.negation) all.push_back(*statement.negation);
    for (const auto& number : statement.under) {
      if (number) all.push_back(*number);
    }
  }
  return all;
}

// Counts the different statements whose number lies at that end. If several do and none lies beyond, the service cuts
// its numbers off there.
std::size_t statements_at(const std::vector<StatementSeen>& statements, double end) {
  return static_cast<std::size_t>(std::ranges::count_if(statements, [&](const StatementSeen& statement) {
    const auto* numbers = numbers_of(statement, Way::alone);
    const bool is_there = numbers != nullptr && std::ranges::find(*numbers, end) != numbers->end();
    return is_there || statement.negation == end;
  }));
}

// An end of 0 or 1 is not a bound that a service sets, and neither is the last step before it unless numbers pile up
// there.
std::optional<double> bound_at(const std::vector<StatementSeen>& statements, double end) {
  if (end <= 0 || end >= 1 || statements_at(statements, end) < kPiledUp) return std::nullopt;
  return end;
}

NumbersFound numbers_found(const std::vector<StatementSeen>& statements) {
  std::vector<double> all = all_numbers(statements);
  std::ranges::sort(all);
  NumbersFound found{.count = all.size(), .step = step_of(all), .least = all.front(), .greatest = all.back()};
  found.low_bound = bound_at(statements, found.least);
  found.high_bound = bound_at(statements, found.greatest);
  all.erase(std::ranges::unique(all).begin(), all.end());
  found.different = all.size();
  return found;
}

// ---- Isolation ----

struct ShiftSeen {
  Way way;
  std::size_t claim, wording;
  double alone, shift;
  double error_scale;  // times the noise of one number, this is the standard error
};

std::vector<ShiftSeen> shifts_in(const std::vector<StatementSeen>& statements) {
  std::vector<ShiftSeen> shifts;
  for (const StatementSeen& statement : statements) {
    const auto* alone = numbers_of(statement, Way::alone);
    if (alone == nullptr) continue;
    for (const Way way : kWaysTogether) {
      const auto* others = numbers_of(statement, way);
      if (others == nullptr) continue;
      const double scale =
          std::sqrt(1.0 / static_cast<double>(alone->size()) + 1.0 / static_cast<double>(others->size()));
      const double alone_mean = mean_number(*alone);
      shifts.push_back(
          {way, statement.claim, statement.wording, alone_mean, std::abs(mean_number(*others) - alone_mean), scale});
    }
  }
  return shifts;
}

// How far each measured shift may be from the true one, for all shifts and at every look: Student's t with Bonferroni's
// correction, and never less than what the rounding of both numbers leaves open.
//
// Noise may be of one size in probability, or of one size in log-odds, where it is p (1 - p) times as large in
// probability. Which of the two a model has is not known, so the larger one counts.
class ShiftError {
 public:
  ShiftError(std::size_t shifts, const std::vector<StatementSeen>& statements, double step) : step_(step) {
    double squares = 0, degrees = 0, weights = 0;
    for (const StatementSeen& statement : statements) {
      for (const auto& [way, numbers] : statement.numbers) {
        if (numbers.size() < 2) continue;
        const auto of_it = static_cast<double>(numbers.size() - 1);
        const double deviation = deviation_of(numbers), slope = slope_at(mean_number(numbers));
        squares += of_it * deviation * deviation;
        weights += of_it * slope * slope;
        degrees += of_it;
      }
    }
    if (!(degrees > 0) || !(squares > 0) || shifts == 0) return;
    const double looks_at = static_cast<double>(shifts) * kMostLooks;
    const double quantile = student_quantile(1 - kTail / looks_at, degrees);
    in_probability_ = quantile * std::sqrt(squares / degrees);
    if (weights > 0) in_log_odds_ = quantile * std::sqrt(squares / weights);
  }
  bool has_noise() const { return in_probability_ > 0; }
  double of(const ShiftSeen& seen) const {
    return std::max(step_, std::max(in_probability_, in_log_odds_ * slope_at(seen.alone)) * seen.error_scale);
  }

 private:
  static double slope_at(double p) { return p * (1 - p); }  // derivative of a probability by its log-odds

  double step_;
  double in_probability_ = 0, in_log_odds_ = 0;  // how far one number may be off, by either kind of noise
};

// The largest true shift lies above every lower end and below the largest upper end.
Bounded largest_of(const std::vector<const ShiftSeen*>& shifts, const ShiftError& error) {
  Bounded largest;
  for (const ShiftSeen* seen : shifts) {
    largest.value = std::max(largest.value, seen->shift);
    largest.low = std::max(largest.low, seen->shift - error.of(*seen));
    largest.high = std::max(largest.high, seen->shift + error.of(*seen));
  }
  largest.high = std::min(largest.high, 1.0);
  return largest;
}

std::string why_not_together(const ProbeDesign& design, const ProbeSeen& seen, const IsolationFound& found) {
  if (!seen.refused_together.empty())
    return fmt::format("the service takes no request with several statements: {}", seen.refused_together);
  if (design.together(Way::together) == 1) return "the model takes one statement in a request";
  if (found.ways.empty()) return "no statement has usable numbers both alone and together";
  if (found.largest.high <= kLargestShiftAllowed + kTolerance) return "";
  return fmt::format("a statement's number may shift by up to {:.3f} in company, more than {:.2f}{}",
                     found.largest.high, kLargestShiftAllowed,
                     found.is_open ? "; that may be noise, which more repeats would tell" : "");
}

IsolationFound isolation_of(const ProbeDesign& design, const ProbeSeen& seen, double step) {
  const std::vector<ShiftSeen> shifts = shifts_in(seen.statements);
  const ShiftError error(shifts.size(), seen.statements, step);

  IsolationFound found;
  std::vector<const ShiftSeen*> all;
  for (const Way way : kWaysTogether) {
    std::vector<const ShiftSeen*> of_way;
    for (const ShiftSeen& shift : shifts) {
      if (shift.way == way) of_way.push_back(&shift);
    }
    if (of_way.empty()) continue;
    all.insert(all.end(), of_way.begin(), of_way.end());
    const ShiftSeen* strongest = *std::ranges::max_element(of_way, {}, &ShiftSeen::shift);
    found.ways.push_back({.way = way,
                          .in_one_request = design.together(way),
                          .statements = of_way.size(),
                          .largest = largest_of(of_way, error),
                          .claim = strongest->claim,
                          .wording = strongest->wording});
  }

  found.largest = largest_of(all, error);
  found.is_open = error.has_noise() && found.largest.low <= kLargestShiftAllowed &&
                  found.largest.high > kLargestShiftAllowed + kTolerance;
  found.why_not = why_not_together(design, seen, found);
  return found;
}

// ---- Complement and states ----

double logit_read(double number, double step) { return to_logit(value_read(Probability{number}, step / 2)).value(); }

std::optional<ComplementFound> complement_of(const std::vector<StatementSeen>& statements, double step) {
  ComplementFound found;
  std::map<std::size_t, std::vector<double>> sums, biases;
  for (const StatementSeen& statement : statements) {
    if (numbers_of(statement, Way::alone) == nullptr || !statement.negation) continue;
    const double claim = mean_alone(statement), negation = *statement.negation;
    ++found.pairs;
    if ((claim - 0.5) * (negation - 0.5) > 0) ++found.contradicting;
    sums[statement.claim].push_back(claim + negation);
    biases[statement.claim].push_back((logit_read(claim, step) + logit_read(negation, step)) / 2);
  }
  if (found.pairs == 0) return std::nullopt;
  found.sum = mean_over_claims(sums);
  found.yes_bias = mean_over_claims(biases);
  return found;
}

std::vector<StateFound> states_found(const std::vector<StatementSeen>& statements, double step) {
  std::vector<StateFound> found;
  for (std::size_t i = 0; i < probe_states().size(); ++i) {
    std::map<std::size_t, std::vector<double>> shifts;
    std::vector<double> distances;
    for (const StatementSeen& statement : statements) {
      const bool has_both =
          numbers_of(statement, Way::alone) != nullptr && i < statement.under.size() && statement.under[i];
      if (!has_both) continue;
      const double shift = logit_read(*statement.under[i], step) - logit_read(mean_alone(statement), step);
      shifts[statement.claim].push_back(shift);
      distances.push_back(std::abs(shift));
    }
    if (distances.empty()) continue;
    found.push_back({std::string(probe_states()[i].name), mean_over_claims(shifts), mean_left_to_right(distances)});
  }
  return found;
}

// ---- Latency and price ----

std::optional<LatencyFound> latency_of(std::vector<double> milliseconds) {
  if (milliseconds.empty()) return std::nullopt;
  std::ranges::sort(milliseconds);
  return LatencyFound{milliseconds.size(), quantile_of(milliseconds, 0.5), quantile_of(milliseconds, 0.9)};
}

PriceFound price_of(const ProbeDesign& design, const std::map<Way, CostSeen>& costs) {
  PriceFound found{.statements = 2 * design.bank.paraphrases.size()};
  const auto read = [&](Way way, std::optional<Usd>& price, std::optional<double>& tokens) {
    const auto cost = costs.find(way);
    if (cost == costs.end() || cost->second.questions == 0) return;
    const auto asked = static_cast<double>(cost->second.questions);
    const double share = static_cast<double>(found.statements) / asked;
    if (cost->second.billed)
      price = Usd::from_picos(std::llround(static_cast<double>(cost->second.billed->picos()) * share));
    if (cost->second.tokens_in) tokens = static_cast<double>(*cost->second.tokens_in) * share;
  };
  read(Way::alone, found.alone, found.tokens_alone);
  read(costs.contains(Way::company) ? Way::company : Way::together, found.together, found.tokens_together);
  return found;
}

}  // namespace

std::size_t Profile::together(std::size_t bank_size) const {
  return isolation.allows() ? std::max<std::size_t>(1, std::min(most_together, bank_size)) : 1;
}

Profile profile_of(const ProbeDesign& design, const ProbeSeen& seen) {
  const bool has_any =
      std::ranges::any_of(seen.statements, [](const StatementSeen& s) { return numbers_of(s, Way::alone) != nullptr; });
  if (!has_any)
    throw Error(ErrorKind::bad_input,
                fmt::format("{} stated no usable probability in {} answers", design.model, seen.answers),
                "name a model that states probabilities; see heretix models");

  Profile profile{.probe_id = design.probe_id,
                  .model = design.model,
                  .address = {},
                  .mode = design.mode.text(),
                  .program_version = {},
                  .bank = design.bank.version,
                  .claims = probe_claims().size(),
                  .wordings = design.wordings(),
                  .repeats = design.repeats,
                  .most_together = design.most_together,
                  .answered_by = seen.answered_by,
                  .answers = seen.answers,
                  .unusable = seen.unusable};
  profile.noise = noise_of(seen.statements);
  profile.numbers = numbers_found(seen.statements);
  profile.isolation = isolation_of(design, seen, profile.numbers.step);
  profile.complement = complement_of(seen.statements, profile.numbers.step);
  profile.states = states_found(seen.statements, profile.numbers.step);
  profile.latency = latency_of(seen.milliseconds);
  profile.price = price_of(design, seen.costs);
  return profile;
}

}  // namespace heretix
