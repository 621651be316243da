// Judges statements in process, as `heretix run --readout decision` does, without a store: a line of JSON in, a line
// out.
//
// usage: judge_statements MODEL.gguf [THREADS]
//
// in    {"state": "…", "claim": "…", "statements": ["…", …]}
// out   {"nouls": [0.5, …], "tokens": 900, "seconds": 0.7}   tokens: of the prompts, as if nothing were shared
#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "models/llama/llama_provider.hpp"

namespace {

using namespace heretix;
using nlohmann::json;

// Hands out every statement once and keeps the numbers.
class Statements final : public Exchange {
 public:
  explicit Statements(std::size_t count) : nouls(count) {}

  Taken turn(std::vector<Delivery> deliveries, std::size_t most) override {
    for (const Delivery& d : deliveries) {
      const Reply& reply = std::get<Reply>(d.outcome);
      nouls[d.question] = json::parse(reply.text).at("noul");
      tokens += reply.usage.input.value_or(0);
    }
    Taken taken;
    while (next_ < nouls.size() && taken.requests.size() < most) taken.requests.push_back({.question = next_++});
    return taken;
  }
  void tell_wait(const std::string& /*why*/) override {}
  bool abandoned() const override { return false; }

  std::vector<double> nouls;
  long tokens = 0;

 private:
  std::size_t next_ = 0;
};

json judged(Provider& provider, const json& asked) {
  Plan plan;
  plan.recipe.claim.text = asked.at("claim");
  plan.recipe.mode.with("readout", "decision");
  plan.system_text = asked.at("state");
  for (const json& statement : asked.at("statements")) {
    Question question;
    question.user_text = statement;
    plan.questions.push_back(question);
  }

  const auto start = std::chrono::steady_clock::now();
  Statements statements(plan.questions.size());
  provider.answer(plan, statements);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return {{"nouls", statements.nouls}, {"tokens", statements.tokens}, {"seconds", taken.count()}};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2 || count > 3) {
    fmt::print(stderr, "usage: judge_statements MODEL.gguf [THREADS]\n");
    return 2;
  }
  try {
    const auto provider =
        make_llama_provider({.path = arguments[1], .threads = count == 3 ? std::stoi(arguments[2]) : 0});
    if (const std::string why = provider->why_not(Readout::decision); !why.empty()) {
      fmt::print(stderr, "judge_statements: {}\n", why);
      return 1;
    }
    std::string line;
    while (std::getline(std::cin, line)) std::cout << judged(*provider, json::parse(line)).dump() << std::endl;
  } catch (const std::exception& e) {
    fmt::print(stderr, "judge_statements: {}\n", e.what());
    return 1;
  }
}
