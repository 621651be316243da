// The bootstrap's inner loop: templates with replacement, then answers within each, then the centre.
//
// Answers lie flat in one array, because this loop is where the time of an estimate goes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "belief/estimate/estimate.hpp"
#include "belief/estimate/rng.hpp"

namespace heretix {

// Two positions that a sorting network puts in order.
struct Comparator {
  std::uint32_t first;
  std::uint32_t second;
};

class Resampler {
 public:
  Resampler(std::span<const TemplateLogits> templates, const Bootstrap& bootstrap);

  std::vector<double> template_means() const;

  // The trimmed (or plain) mean; sorts its argument.
  double center_of(std::span<double> means) const;
  double center_of(const std::vector<double>& means) const;

  // `draws` centres in draw order; `rng` is left where NumPy's would be.
  std::vector<double> centers(Rng& rng) const;

  // One draw's choices, consuming exactly what one centre consumes.
  Draw draw(Rng& rng) const;

 private:
  struct Group {
    std::uint32_t start;  // in values_
    std::uint32_t size;
    std::uint32_t drawn;  // how many answers a draw takes of it
  };

  void sort(std::span<double> x) const;
  double resampled_mean(const Group& group, Rng& rng, std::vector<double>& taken) const;

  std::vector<double> values_;
  std::vector<Group> groups_;
  std::vector<Comparator> network_;  // sorts the template means; empty where they are too many
  std::size_t draws_;
  bool sorted_;          // whether the centre adds the means in sorted order
  std::size_t trimmed_;  // template means dropped at each end
};

}  // namespace heretix
