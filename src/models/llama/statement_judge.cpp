#include "models/llama/statement_judge.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <numeric>
#include <thread>

namespace heretix {
namespace {

// In the order of their tokens, so that neighbours begin alike; one thread takes those together that share more than
// the state.
std::vector<std::vector<std::size_t>> alike(const std::vector<StatementPrompt>& prompts) {
  std::vector<std::size_t> order(prompts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) -> const std::vector<Token>& { return prompts[i].tokens; });

  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const StatementPrompt& prompt = prompts[order[k]];
    const bool goes_on = k > 0 && shared_tokens(prompts[order[k - 1]].tokens, prompt.tokens) > prompt.state_ends;
    if (!goes_on) groups.emplace_back();
    groups.back().push_back(order[k]);
  }
  return groups;
}

}  // namespace

StatementJudge::StatementJudge(const LlamaModel& model, const DecisionForm& form, int threads)
    : model_(model),
      form_(form),
      threads_(threads > 0 ? static_cast<std::size_t>(threads) : std::max(1U, std::thread::hardware_concurrency())) {}

void StatementJudge::make_room(const std::vector<StatementPrompt>& prompts) {
  const auto longest = std::ranges::max_element(prompts, {}, [](const StatementPrompt& p) { return p.tokens.size(); });
  if (!contexts_.empty() && contexts_[0]->capacity() < longest->tokens.size()) contexts_.clear();
  while (contexts_.size() < std::min(threads_, prompts.size()))
    contexts_.push_back(std::make_unique<StatementContext>(model_, longest->tokens.size(), form_.attention()));
}

std::size_t StatementJudge::evaluated() const {
  std::size_t sum = 0;
  for (const auto& context : contexts_) sum += context->evaluated();
  return sum;
}

std::vector<Judged> StatementJudge::judge(const std::vector<StatementPrompt>& prompts, double temperature,
                                          const std::function<bool()>& abandoned) {
  if (prompts.empty()) return {};
  make_room(prompts);
  const std::vector<std::vector<std::size_t>> groups = alike(prompts);
  std::vector<Judged> judged(prompts.size());
  std::vector<std::exception_ptr> failures(contexts_.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;

  const auto work = [&](std::size_t worker) {
    try {
      for (std::size_t group = next++; group < groups.size() && !stop; group = next++) {
        for (const std::size_t i : groups[group]) {
          const auto started = std::chrono::steady_clock::now();
          judged[i].noul = form_.read(contexts_[worker]->logits_after(prompts[i]), temperature).value();
          const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - started;
          judged[i].latency_ms = taken.count();
        }
        if (worker == 0 && abandoned()) stop = true;
      }
    } catch (...) {
      failures[worker] = std::current_exception();
      stop = true;
    }
  };

  {
    std::vector<std::jthread> others;
    for (std::size_t worker = 1; worker < contexts_.size(); ++worker) others.emplace_back(work, worker);
    work(0);
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  if (stop) return {};
  return judged;
}

}  // namespace heretix
