// The frozen estimator's cost: T = 8 templates, 16 answers, B = 5000 draws, and how it grows.
#include <benchmark/benchmark.h>

#include "belief/estimate/estimate.hpp"

namespace {

using namespace heretix;

std::vector<TemplateLogits> templates_of(std::int64_t templates, std::int64_t answers) {
  Rng rng(7);
  std::vector<TemplateLogits> all(static_cast<std::size_t>(templates));
  for (auto& t : all) {
    for (std::int64_t i = 0; i < answers; ++i) t.logits.emplace_back(4.0 * rng.unit() - 2.0);
  }
  return all;
}

void estimate_frozen(benchmark::State& state) {
  const auto templates = templates_of(state.range(0), state.range(1));
  const Bootstrap bootstrap{.seed = 42, .draws = static_cast<int>(state.range(2))};
  for (auto _ : state) benchmark::DoNotOptimize(estimate(templates, bootstrap));
}
BENCHMARK(estimate_frozen)
    ->Args({8, 2, 5000})
    ->Args({16, 2, 5000})
    ->Args({16, 3, 5000})
    ->Args({8, 2, 50000})
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
