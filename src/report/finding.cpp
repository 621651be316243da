#include "report/finding.hpp"

#include <fmt/format.h>

namespace heretix {

std::string percent_text(double p) {
  const double hundred = p * 100;
  if (hundred > 0 && hundred < 0.05) return "<0.1 %";
  if (hundred > 99.95 && hundred < 100) return ">99.9 %";
  const bool is_near_an_end = (p > 0 && p < 0.01) || (p > 0.99 && p < 1);
  return fmt::format("{:.{}f} %", hundred, is_near_an_end ? 1 : 0);
}

std::string range_text(const ShownBelief& belief) {
  if (!belief.interval) return {};
  return fmt::format("between {} and {}", percent_text(belief.interval->low.value()),
                     percent_text(belief.interval->high.value()));
}

std::string finding_of(const std::string& model, const ShownBelief& belief) {
  const std::string between = range_text(belief);
  const std::string number = percent_text(belief.p.value()) + (between.empty() ? "" : ", " + between);
  return belief.is_stable == false ? fmt::format("{} has no stable belief: centre {}.", model, number)
                                   : fmt::format("{} gives it {}.", model, number);
}

}  // namespace heretix
