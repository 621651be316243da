// `honest_v1`: the interval that people are shown first.
//
// The frozen interval is too narrow with few templates and with round-number answers. This one takes its
// width from the spread between templates, scaled by a constant measured for each number of templates, and
// never claims more resolution than the answers themselves had. No random numbers. Formula and measured
// coverage: docs/estimator.md ("The honest interval"), after Hesterberg 2015 and Cameron, Gelbach & Miller
// 2008. Checked against tests/golden/honest.json.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/belief.hpp"
#include "base/resolution.hpp"

namespace heretix {

inline constexpr std::string_view kHonestMethod = "honest_v1";

enum class Level { p90, p95, p99 };

// c_T, the number of standard errors that the interval of T >= 2 templates reaches to either side.
double honest_scale(Level level, std::size_t templates);

struct HonestInterval {
  double level;
  std::size_t templates;  // with answers
  std::size_t trimmed;    // template means dropped at each end
  std::size_t answers;
  Logit center;
  Probability p;
  struct Bounds {
    double spread_logit;  // standard deviation of the (capped) template means
    double scale;         // c_T
    double half_logit;
    Interval core;      // before resolution and hull
    double grid;        // step that the answers were rounded to; 0 where none is seen
    Interval no_hull;   // widened by the resolution cell
    Interval interval;  // widened by the frozen interval too; this is the result
    std::vector<std::string> flags;
  };
  std::optional<Bounds> bounds;  // empty with a single template: no interval, never [p, p]
  std::string status() const { return bounds ? "ok" : "unavailable_T<2"; }
};

// What is known about how the numbers behind the answers were rounded. It replaces what the answers themselves show.
struct KnownRounding {
  double step = 0;  // 0: none

  // Where each template's belief can lie, in the order of the groups; the centre then lies between the centres of the
  // low and of the high ends, and the resolution cell is just that.
  std::vector<LogitRange> ranges{};
};

struct HonestOptions {
  Level level = Level::p95;
  std::optional<Interval> frozen{};  // the hull
  std::optional<double> scale{};     // in place of c_T: the ladder's constants
  std::optional<KnownRounding> rounding{};
  bool tries_tenths = false;  // whether answers may be seen to lie on tenths (belief_v2)
};

// The centre of the low ends and that of the high ends; `ranges` is not empty.
LogitRange center_range(std::span<const LogitRange> ranges);

// The interval from the values of the templates, in log-odds, and from the numbers as they were answered, by which the
// grid and the flag `extreme_answers` are found. honest_interval() and belief_v2() (belief/stats/belief_v2.hpp) differ
// in how they come to these values. `means` is not empty.
HonestInterval interval_over_templates(std::vector<double> means, std::span<const double> answered,
                                       const HonestOptions& options);

// `groups`: usable answers by template in plan order, none empty.
// Throws Error{bad_input} for no group or an empty one. Thread-safe.
HonestInterval honest_interval(std::span<const std::vector<Probability>> groups, const HonestOptions& options);

}  // namespace heretix
