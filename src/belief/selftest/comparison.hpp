// Counts what is equal and what differs, and remembers the first differences.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace heretix {

inline constexpr std::size_t kDifferencesNamed = 5;

struct SectionResult {
  std::string name;
  std::size_t equal = 0;
  std::size_t different = 0;
  std::vector<std::string> first_differences{};  // at most kDifferencesNamed
};

// Collects the comparisons of one section.
class Comparison {
 public:
  explicit Comparison(std::string section) { result_.name = std::move(section); }

  // `place` names the case and field, e.g. "est-p03 center_logit".
  template <class T>
  void same(const std::string& place, const T& computed, const T& expected) {
    note(computed == expected, place);
  }
  void same_bits(const std::string& place, double computed, double expected);             // log-odds
  void within_ulps(const std::string& place, double computed, double expected);           // probabilities: 2 ulp
  void within(const std::string& place, double computed, double expected, double bound);  // relative or absolute
  void note(bool equal, const std::string& place);

  const SectionResult& result() const { return result_; }

 private:
  SectionResult result_;
};

// Representable doubles between a and b; large where a sign or NaN stands between them.
unsigned long long ulps_between(double a, double b);

}  // namespace heretix
