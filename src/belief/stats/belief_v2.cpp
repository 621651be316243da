#include "belief/stats/belief_v2.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/resolution.hpp"

namespace heretix {

NumberRead read_as_written(Probability written, int decimals) {
  return {written, to_logit(value_read(written, written_cell(decimals)))};
}

NumberRead read_as_shortest(Probability kept) {
  return read_as_written(kept, decimals_written(fmt::format("{}", kept.value())));
}

NumberRead read_as_it_is(Probability p) { return {p, to_logit(p)}; }

BeliefV2 belief_v2(std::span<const std::vector<NumberRead>> groups, const BeliefOptions& options) {
  if (groups.empty()) throw Error(ErrorKind::bad_input, "no template has a usable answer");

  std::vector<double> values, answered;
  for (const auto& group : groups) {
    if (group.empty()) throw Error(ErrorKind::bad_input, "a template without answers cannot be weighed");
    double sum = 0;
    for (const NumberRead& number : group) {
      sum += number.value.value();
      answered.push_back(number.answered.value());
    }
    values.push_back(sum / static_cast<double>(group.size()));
  }

  HonestInterval found = interval_over_templates(values, answered,
                                                 {.level = options.level,
                                                  .frozen = std::nullopt,
                                                  .scale = options.scale,
                                                  .rounding = options.rounding,
                                                  .tries_tenths = true});
  return {.template_values = std::move(values), .found = std::move(found)};
}

}  // namespace heretix
