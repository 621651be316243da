#include "models/llama/prompt_threads.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace heretix {

PromptThreads::PromptThreads(const LlamaModel& model, Attention attention, int threads)
    : model_(model),
      attention_(attention),
      threads_(threads > 0 ? static_cast<std::size_t>(threads) : std::max(1U, std::thread::hardware_concurrency())) {}

std::size_t PromptThreads::evaluated() const {
  std::size_t sum = 0;
  for (const auto& context : contexts_) sum += context->evaluated();
  return sum;
}

bool PromptThreads::each(std::size_t count, std::size_t longest, const Work& work,
                         const std::function<bool()>& abandoned) {
  if (count == 0) return true;
  if (!contexts_.empty() && contexts_[0]->capacity() < longest) contexts_.clear();
  const std::size_t workers = std::min(threads_, count);
  while (contexts_.size() < workers) contexts_.push_back(std::make_unique<PromptContext>(model_, longest, attention_));

  std::vector<std::exception_ptr> failures(workers);
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;

  const auto take_pieces = [&](std::size_t worker) {
    const std::function<bool()> stopped = [&, worker] {
      if (worker == 0 && abandoned()) stop = true;
      return stop.load();
    };
    try {
      for (std::size_t piece = next++; piece < count && !stop; piece = next++) {
        work(*contexts_[worker], piece, stopped);
        stopped();
      }
    } catch (...) {
      failures[worker] = std::current_exception();
      stop = true;
    }
  };

  {
    std::vector<std::jthread> others;
    for (std::size_t worker = 1; worker < workers; ++worker) others.emplace_back(take_pieces, worker);
    take_pieces(0);
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  return !stop;
}

}  // namespace heretix
