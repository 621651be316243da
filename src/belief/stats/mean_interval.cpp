#include "belief/stats/mean_interval.hpp"

#include <cmath>

#include "base/error.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {

MeanWithInterval mean_with_interval(std::span<const double> values) {
  if (values.empty()) throw Error(ErrorKind::bad_input, "there is no value to average");
  MeanWithInterval found{.mean = {.center = mean_left_to_right(values), .low = {}, .high = {}}, .p_value = {}};
  if (values.size() < 2) return found;

  const auto count = static_cast<double>(values.size());
  const double error = standard_deviation(values) / std::sqrt(count);
  const double half = student_quantile(0.975, count - 1) * error;
  found.mean.low = found.mean.center - half;
  found.mean.high = found.mean.center + half;

  // Without any spread there is no standard error, and the p-value is 1 or 0.
  if (error > 0) found.p_value = 2 * student_cdf(-std::abs(found.mean.center) / error, count - 1);
  else found.p_value = found.mean.center == 0 ? 1.0 : 0.0;
  return found;
}

}  // namespace heretix
