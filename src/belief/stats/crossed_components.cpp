#include "belief/stats/crossed_components.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace heretix {
namespace {

// Terms are sets of factors, one bit each.
constexpr unsigned kClaim = 1, kModel = 2, kWording = 4, kEverything = kClaim | kModel | kWording;
constexpr std::array<std::pair<unsigned, const char*>, 6> kTerms = {{{kClaim, "claim"},
                                                                     {kModel, "model"},
                                                                     {kWording, "wording"},
                                                                     {kClaim | kModel, "claim x model"},
                                                                     {kClaim | kWording, "claim x wording"},
                                                                     {kModel | kWording, "model x wording"}}};
constexpr double kLeastPivot = 1e-9;  // below it, against the largest of its column, the equations say the same twice

// The values in groups: those of a group have the same levels of the factors of a term.
struct Grouping {
  std::vector<std::uint32_t> group;  // by value
  std::vector<double> counts, sums;  // by group

  std::size_t groups() const { return counts.size(); }
  double sum_of_squares() const {
    double sum = 0;
    for (std::size_t g = 0; g < counts.size(); ++g) sum += sums[g] * sums[g] / counts[g];
    return sum;
  }
};

Grouping grouped(std::span<const CrossedValue> values, unsigned term, double mean) {
  std::unordered_map<std::uint64_t, std::uint32_t> numbers;
  Grouping found;
  found.group.reserve(values.size());
  for (const CrossedValue& v : values) {
    const auto claim = (term & kClaim) != 0 ? static_cast<std::uint64_t>(v.claim) + 1 : 0;
    const auto model = (term & kModel) != 0 ? static_cast<std::uint64_t>(v.model) + 1 : 0;
    const auto wording = (term & kWording) != 0 ? static_cast<std::uint64_t>(v.wording) + 1 : 0;
    const std::uint64_t key = (claim << 32) | (model << 16) | wording;
    const auto [place, is_new] = numbers.emplace(key, static_cast<std::uint32_t>(numbers.size()));
    if (is_new) {
      found.counts.push_back(0);
      found.sums.push_back(0);
    }
    found.group.push_back(place->second);
    ++found.counts[place->second];
    found.sums[place->second] += v.value - mean;
  }
  return found;
}

// How often the component of one term counts in the sum of squares of another: the sum over the groups of `squares` of
// the squared counts of their parts, over the count of the group. `both` are the groups of the two terms together.
double weight(const Grouping& squares, const Grouping& both) {
  std::vector<double> of(both.groups());
  for (std::size_t i = 0; i < both.group.size(); ++i) of[both.group[i]] = squares.counts[squares.group[i]];
  double sum = 0;
  for (std::size_t g = 0; g < both.groups(); ++g) sum += both.counts[g] * both.counts[g] / of[g];
  return sum;
}

// Gauss's elimination with the largest pivot. Empty if the equations do not determine every unknown.
std::optional<std::vector<double>> solved(std::vector<std::vector<double>> rows) {
  const std::size_t count = rows.size();
  for (std::size_t column = 0; column < count; ++column) {
    double largest = 0;
    for (const auto& row : rows) largest = std::max(largest, std::abs(row[column]));
    std::size_t pivot = column;
    for (std::size_t r = column + 1; r < count; ++r) {
      if (std::abs(rows[r][column]) > std::abs(rows[pivot][column])) pivot = r;
    }
    if (!(std::abs(rows[pivot][column]) > kLeastPivot * largest)) return std::nullopt;
    std::swap(rows[column], rows[pivot]);
    for (std::size_t r = 0; r < count; ++r) {
      if (r == column) continue;
      const double factor = rows[r][column] / rows[column][column];
      for (std::size_t k = column; k <= count; ++k) rows[r][k] -= factor * rows[column][k];
    }
  }

  std::vector<double> unknowns(count);
  for (std::size_t i = 0; i < count; ++i) unknowns[i] = rows[i][count] / rows[i][i];
  return unknowns;
}

struct Term {
  unsigned factors;
  const char* name;
};

// The terms that the values can tell apart from the rest and from each other.
std::vector<Term> terms_of(const std::array<Grouping, kEverything + 1>& groups, std::size_t values) {
  std::vector<Term> terms;
  for (const auto& [factors, name] : kTerms) {
    const std::size_t count = groups[factors].groups();
    bool varies = count < values;
    for (const unsigned factor : {kClaim, kModel, kWording}) {
      if ((factors & factor) != 0 && groups[factor].groups() < 2) varies = false;
    }
    if (varies) terms.push_back({factors, name});
  }
  return terms;
}

}  // namespace

std::vector<CrossedComponent> crossed_components(std::span<const CrossedValue> values) {
  if (values.size() < 2) return {};
  double mean = 0;
  for (const CrossedValue& v : values) mean += v.value;
  mean /= static_cast<double>(values.size());

  std::array<Grouping, kEverything + 1> groups;
  for (unsigned term = 0; term <= kEverything; ++term) groups[term] = grouped(values, term, mean);
  const std::vector<Term> terms = terms_of(groups, values.size());
  if (terms.size() < 2) return {};

  // One equation for each term and one for all values, each less that of the grand mean, which takes mu away.
  const auto equation_of = [&](unsigned squares) {
    std::vector<double> row;
    for (const Term& term : terms)
      row.push_back(weight(groups[squares], groups[squares | term.factors]) - weight(groups[0], groups[term.factors]));
    row.push_back(static_cast<double>(groups[squares].groups()) - 1);
    row.push_back(groups[squares].sum_of_squares() - groups[0].sum_of_squares());
    return row;
  };
  std::vector<std::vector<double>> equations;
  for (const Term& term : terms) equations.push_back(equation_of(term.factors));
  equations.push_back(equation_of(kEverything));
  const auto found = solved(std::move(equations));
  if (!found) return {};

  std::vector<CrossedComponent> components;
  double sum = 0;
  for (std::size_t i = 0; i < found->size(); ++i) {
    const double variance = std::max(0.0, (*found)[i]);
    components.push_back({i < terms.size() ? terms[i].name : "rest", variance, 0});
    sum += variance;
  }
  for (CrossedComponent& component : components) component.share = sum > 0 ? component.variance / sum : 0;
  return components;
}

}  // namespace heretix
