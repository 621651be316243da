// What reading one answer costs, by the rules of today and, beside them, by those of before.
#include <benchmark/benchmark.h>

#include <string>

#include "belief/answer/verdict.hpp"

namespace {

using namespace heretix;

constexpr const char* kClaim = "Tariffs cause inflation";
const std::string kAnswer =
    R"({"belief":{"prob_true":0.72,"label":"likely"},"reasons":["Import duties raise the prices of what they fall on.",)"
    R"("Producers pass a part of their costs on."],"assumptions":["Broad tariffs are meant."],)"
    R"("uncertainties":["How far retaliation goes."],"flags":{"refused":false,"off_topic":false}})";

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

void read(benchmark::State& state, const std::string& text) {
  const AnswerReading reading{.claim = kClaim, .rules = static_cast<int>(state.range(0))};
  for (auto _ : state) benchmark::DoNotOptimize(read_answer(text, reading));
}

const std::string kThought = repeated("A tariff is a tax on imports, so the first effect is a price. ", 60);

BENCHMARK_CAPTURE(read, plain, kAnswer)->ArgName("rules")->Arg(1)->Arg(2);
BENCHMARK_CAPTURE(read, fenced, "Here is my answer:\n```json\n" + kAnswer + "\n```\n")
    ->ArgName("rules")
    ->Arg(1)
    ->Arg(2);
BENCHMARK_CAPTURE(read, in_prose, "My estimate: " + kAnswer)->ArgName("rules")->Arg(1)->Arg(2);
BENCHMARK_CAPTURE(read, after_thinking, "<think>" + kThought + "</think>" + kAnswer)->ArgName("rules")->Arg(1)->Arg(2);
BENCHMARK_CAPTURE(read, refused_in_prose, kThought)->ArgName("rules")->Arg(1)->Arg(2);

}  // namespace

BENCHMARK_MAIN();
