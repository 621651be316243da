// Sums in a fixed order, so that the numbers that follow can be compared to the last digits; and the two
// distributions that intervals are made of.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace heretix {

double mean_left_to_right(std::span<const double> x);  // x not empty

// With divisor n - 1; n >= 2.
double standard_deviation(std::span<const double> x);

// The mean without the lowest and highest fifth (n/5 values at each end, integer). Takes a copy to sort; not empty.
double trimmed_center(std::vector<double> x);

// 1 / (1 + exp(-x)) without overflow on either side, for any finite x.
double sigmoid(double x);

double normal_density(double z);
double normal_cdf(double z);
double normal_quantile(double p);  // 0 < p < 1
double student_cdf(double t, double degrees_of_freedom);
double student_quantile(double p, double degrees_of_freedom);  // 0 < p < 1, degrees > 0, not necessarily whole

// Linear between order statistics (NumPy's default); q in [0, 1], `sorted` not empty.
double quantile(std::span<const double> sorted, double q);

}  // namespace heretix
