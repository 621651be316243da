#include "models/llama/prompt_threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

namespace heretix {
namespace {

constexpr auto kWatchEvery = std::chrono::milliseconds(100);
constexpr std::size_t kLeastShared = 8;  // tokens; fewer are evaluated as fast as they are copied

// A single token is evaluated by other routines than several, so two are left to each prompt.
constexpr std::size_t kLeftToPrompt = 2;

}  // namespace

std::vector<Token> shared_by_all(const std::vector<TokenPrompt>& prompts) {
  if (prompts.empty()) return {};
  const std::vector<Token>& first = prompts[0].tokens;
  std::size_t shared = prompts.size() == 1 ? prompts[0].state_ends : first.size();
  for (const TokenPrompt& prompt : prompts) {
    shared = std::min(shared, shared_tokens(first, prompt.tokens));
    shared = std::min(shared, prompt.tokens.size() - std::min(kLeftToPrompt, prompt.tokens.size()));
  }
  return {first.begin(), first.begin() + static_cast<std::ptrdiff_t>(shared)};
}

// The threads of one run, and who does what.
class PromptThreads::Shift {
 public:
  Shift(const PromptWork& work, std::size_t workers, bool shares)
      : expected_(work.tokens), is_told_(work.tokens.size()), working_(workers), awaits_state_(shares) {
    std::vector<std::size_t> order(work.tokens.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t piece) { return work.tokens[piece]; });
    waiting_.assign(order.begin(), order.end());

    all_ = std::accumulate(work.tokens.begin(), work.tokens.end(), 0.0);
    if (shares) all_ += static_cast<double>(work.shared.size());
  }

  // By the threads.
  std::optional<std::size_t> next() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || stopped_) return std::nullopt;
    const std::size_t piece = waiting_.front();
    waiting_.pop_front();
    return piece;
  }

  void finish(std::size_t piece, double tokens) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    all_ += tokens - expected_[piece];
    done_.push_back(piece);
    changed_.notify_all();
  }

  void share(std::vector<std::uint8_t> state) {
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
    awaits_state_ = false;
    changed_.notify_all();
  }

  // Null where it will not come.
  const std::vector<std::uint8_t>* await_state() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !awaits_state_ || stopped_; });
    return awaits_state_ ? nullptr : &state_;
  }

  void leave(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (failure && !failure_) failure_ = std::move(failure);
    if (failure_) stopped_ = true;
    --working_;
    changed_.notify_all();
  }

  bool stopped() const { return stopped_; }

  // By the thread that watches. Returns false once all threads have left.
  bool await(std::vector<std::size_t>& done) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kWatchEvery, [&] { return working_ == 0 || !done_.empty(); });
    done = std::exchange(done_, {});
    for (const std::size_t piece : done) is_told_[piece] = true;
    return working_ > 0;
  }

  void go_on(GoOn how) {
    const std::lock_guard lock(mutex_);
    if (how != GoOn::with_all) waiting_.clear();
    if (how == GoOn::not_at_all) stopped_ = true;
    changed_.notify_all();
  }

  double all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  std::vector<std::size_t> not_told() const {
    std::vector<std::size_t> pieces;
    for (std::size_t i = 0; i < is_told_.size(); ++i) {
      if (!is_told_[i]) pieces.push_back(i);
    }
    return pieces;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<double> expected_;
  std::vector<bool> is_told_;
  std::deque<std::size_t> waiting_;
  std::vector<std::size_t> done_;  // and not told yet
  double all_ = 0;                 // tokens; of pieces that are done as many as they took
  std::size_t working_;
  std::atomic<bool> stopped_ = false;
  bool awaits_state_;
  std::vector<std::uint8_t> state_;
  std::exception_ptr failure_;
};

PromptThreads::PromptThreads(const LlamaModel& model, Attention attention, int threads)
    : model_(model),
      attention_(attention),
      threads_(threads > 0 ? static_cast<std::size_t>(threads) : std::max(1U, std::thread::hardware_concurrency())) {}

std::size_t PromptThreads::evaluated() const {
  std::size_t sum = 0;
  for (const auto& context : contexts_) sum += context->evaluated();
  return sum;
}

double PromptThreads::put_through() const {
  double sum = 0;
  for (const auto& context : contexts_) sum += context->put_through();
  return sum;
}

void PromptThreads::make_contexts(const PromptWork& work) {
  if (!contexts_.empty() && contexts_[0]->capacity() < work.longest) contexts_.clear();
  const std::size_t workers = std::min(threads_, work.tokens.size());
  while (contexts_.size() < workers)
    contexts_.push_back(std::make_unique<PromptContext>(model_, work.longest, attention_));
}

bool PromptThreads::is_held(const std::vector<Token>& shared, std::size_t workers) const {
  const auto end = contexts_.begin() + static_cast<std::ptrdiff_t>(workers);
  return std::all_of(contexts_.begin(), end, [&](const auto& context) { return context->begins_with(shared); });
}

// The first thread evaluates what all share, and the others copy its state.
void PromptThreads::take_pieces(const PromptWork& work, std::size_t worker, Shift& shift) {
  PromptContext& context = *contexts_[worker];
  const std::function<bool()> stopped = [&] { return shift.stopped(); };

  if (worker == 0) {
    if (!work.shared.empty()) shift.share(context.evaluate_ahead(work.shared, static_cast<int>(threads_)));
  } else {
    const std::vector<std::uint8_t>* state = shift.await_state();
    if (state == nullptr) return;
    if (!context.begins_with(work.shared)) context.take_state(work.shared, *state);
  }

  while (const auto piece = shift.next()) {
    const double before = context.put_through();
    work.piece(context, *piece, stopped);
    shift.finish(*piece, context.put_through() - before);
  }
}

std::vector<std::size_t> PromptThreads::run(const PromptWork& work, const Watch& watch) {
  if (work.tokens.empty()) return {};
  make_contexts(work);
  const std::size_t workers = std::min(threads_, work.tokens.size());

  PromptWork shared = work;
  const bool shares = work.shared.size() >= kLeastShared && !is_held(work.shared, workers);
  if (!shares) shared.shared.clear();
  Shift shift(shared, workers, shares);

  const double before = put_through();
  const auto tell = [&](const std::vector<std::size_t>& done) {
    const double prompt = put_through() - before;
    shift.go_on(watch(done, {.prompt = prompt, .prompt_all = std::max(prompt, shift.all())}));
  };

  {
    std::vector<std::jthread> threads;
    for (std::size_t worker = 0; worker < workers; ++worker) {
      threads.emplace_back([&, worker] {
        std::exception_ptr failure;
        try {
          take_pieces(shared, worker, shift);
        } catch (...) { failure = std::current_exception(); }
        shift.leave(failure);
      });
    }

    try {
      tell({});
      std::vector<std::size_t> done;
      bool are_working = true;
      while (are_working) {
        are_working = shift.await(done);
        tell(done);
      }
    } catch (...) {
      shift.go_on(GoOn::not_at_all);
      throw;
    }
  }
  shift.rethrow_failure();
  return shift.not_told();
}

}  // namespace heretix
