#include "belief/record/belief_difference.hpp"

#include <algorithm>
#include <array>

#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

LogitRange as_probability(const LogitRange& range) { return {sigmoid(range.low), sigmoid(range.high)}; }

struct Found {
  CenteredInterval interval;
  LogitRange rounding;  // of the difference, in probability
};

Found paired(const SharedTemplates& shared, Level level) {
  std::vector<double> differences;
  std::vector<LogitRange> ranges;
  for (std::size_t k = 0; k < shared.wordings.size(); ++k) {
    differences.push_back(sigmoid(shared.means[0][k]) - sigmoid(shared.means[1][k]));
    ranges.push_back(minus(as_probability(shared.ranges[0][k]), as_probability(shared.ranges[1][k])));
  }
  return {trimmed_spread_interval(differences, level), center_range(ranges)};
}

Found unpaired(const BeliefSide& a, const BeliefSide& b, Level level) {
  std::array<std::vector<double>, 2> probabilities;
  std::array<std::vector<LogitRange>, 2> ranges;
  for (std::size_t side = 0; side < 2; ++side) {
    for (const AnsweredTemplate& t : side == 0 ? a.templates : b.templates) {
      probabilities[side].push_back(sigmoid(t.mean));
      ranges[side].push_back(t.range);
    }
  }

  const LogitRange of_a = as_probability(center_range(ranges[0])), of_b = as_probability(center_range(ranges[1]));
  return {welch_interval(probabilities[0], probabilities[1], level).interval, minus(of_a, of_b)};
}

}  // namespace

bool is_paired(const SharedTemplates& shared, const BeliefSide& a, const BeliefSide& b) {
  const std::size_t fewer = std::min(a.templates.size(), b.templates.size());
  return !shared.wordings.empty() && shared.wordings.size() >= std::min(kLeastShared, fewer);
}

CenteredInterval belief_difference(const BeliefSide& a, const BeliefSide& b, Level level) {
  const SharedTemplates shared = shared_templates(std::array{a.templates, b.templates});
  const Found found = is_paired(shared, a, b) ? paired(shared, level) : unpaired(a, b, level);

  // What is reported is the difference of the two beliefs; how sure it is follows from the templates.
  CenteredInterval interval = moved_to(found.interval, a.p - b.p);
  if (found.rounding.low < found.rounding.high) interval = widened_to(interval, found.rounding);
  if (interval.low) interval.low = std::max(*interval.low, -1.0);
  if (interval.high) interval.high = std::min(*interval.high, 1.0);
  return interval;
}

}  // namespace heretix
