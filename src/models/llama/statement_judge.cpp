#include "models/llama/statement_judge.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
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

// Those that a group evaluates behind what all share: what neighbours begin alike only once.
double tokens_of(const std::vector<std::size_t>& group, const std::vector<TokenPrompt>& prompts,
                 const std::vector<Token>& shared) {
  std::size_t sum = 0;
  const std::vector<Token>* before = &shared;
  for (const std::size_t i : group) {
    sum += prompts[i].tokens.size() - shared_tokens(*before, prompts[i].tokens);
    before = &prompts[i].tokens;
  }
  return static_cast<double>(sum);
}

}  // namespace

std::vector<std::size_t> StatementJudge::judge(const std::vector<TokenPrompt>& prompts, double temperature,
                                               const Came& came) {
  const Read read = [&](const float* logits) {
    return Judged{.noul = form_.read(logits, temperature).value(), .mass = form_.mass(logits, temperature)};
  };
  return judge(prompts, read, came);
}

std::vector<std::size_t> StatementJudge::judge(const std::vector<TokenPrompt>& prompts, const Read& read,
                                               const Came& came) {
  const std::vector<std::vector<std::size_t>> groups = alike(prompts);
  std::vector<Judged> judged(prompts.size());

  PromptWork work{.shared = shared_by_all(prompts)};
  for (const auto& group : groups) work.tokens.push_back(tokens_of(group, prompts, work.shared));
  for (const TokenPrompt& prompt : prompts) work.longest = std::max(work.longest, prompt.tokens.size());
  work.piece = [&](PromptContext& context, std::size_t group, const std::function<bool()>& stopped) {
    for (const std::size_t i : groups[group]) {
      if (stopped()) return;
      const auto started = std::chrono::steady_clock::now();
      judged[i] = read(context.logits_after(prompts[i]));
      const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - started;
      judged[i].latency_ms = taken.count();
    }
  };

  const auto watch = [&](const std::vector<std::size_t>& done, const WorkDone& so_far) {
    std::vector<std::pair<std::size_t, Judged>> results;
    for (const std::size_t group : done) {
      for (const std::size_t i : groups[group]) results.emplace_back(i, judged[i]);
    }
    return came(results, so_far);
  };
  std::vector<std::size_t> left;
  for (const std::size_t group : threads_.run(work, watch)) std::ranges::copy(groups[group], std::back_inserter(left));
  return left;
}

}  // namespace heretix
