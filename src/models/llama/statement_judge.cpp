#include "models/llama/statement_judge.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace heretix {
namespace {

// In the order of their tokens, so that neighbours begin alike; one thread takes those together that share more than
// the state.
std::vector<std::vector<std::size_t>> alike(const std::vector<TokenPrompt>& prompts) {
  std::vector<std::size_t> order(prompts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) -> const std::vector<Token>& { return prompts[i].tokens; });

  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const TokenPrompt& prompt = prompts[order[k]];
    const bool goes_on = k > 0 && shared_tokens(prompts[order[k - 1]].tokens, prompt.tokens) > prompt.state_ends;
    if (!goes_on) groups.emplace_back();
    groups.back().push_back(order[k]);
  }
  return groups;
}

}  // namespace

std::vector<Judged> StatementJudge::judge(const std::vector<TokenPrompt>& prompts, double temperature,
                                          const std::function<bool()>& abandoned) {
  if (prompts.empty()) return {};
  const auto longest = std::ranges::max_element(prompts, {}, [](const TokenPrompt& p) { return p.tokens.size(); });
  const std::vector<std::vector<std::size_t>> groups = alike(prompts);
  std::vector<Judged> judged(prompts.size());

  const auto work = [&](PromptContext& context, std::size_t group, const std::function<bool()>& /*stopped*/) {
    for (const std::size_t i : groups[group]) {
      const auto started = std::chrono::steady_clock::now();
      const float* logits = context.logits_after(prompts[i]);
      judged[i].noul = form_.read(logits, temperature).value();
      judged[i].mass = form_.mass(logits, temperature);
      const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - started;
      judged[i].latency_ms = taken.count();
    }
  };
  if (!threads_.each(groups.size(), longest->tokens.size(), work, abandoned)) return {};
  return judged;
}

}  // namespace heretix
