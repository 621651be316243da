// Work on a thread of its own, handed over in order through a short queue.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace heretix {

// One thread hands over, another one does. What `work` throws is thrown at the next hand_over() or at finish(), once;
// nothing more is done after it.
template <class Item>
class Background {
 public:
  // `most`: items that wait before hand_over() does.
  Background(std::size_t most, std::function<void(Item&)> work)
      : most_(most), work_(std::move(work)), thread_([this] { run(); }) {}
  // Without finish() what still waits is dropped.
  ~Background() {
    {
      const std::lock_guard lock(mutex_);
      waiting_.clear();
      is_closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void hand_over(Item item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failed_ || waiting_.size() < most_; });
    rethrow();
    waiting_.push_back(std::move(item));
    changed_.notify_all();
  }

  // Returns when everything is done.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    rethrow();
  }

 private:
  void rethrow() {
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return is_closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      Item item = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
      lock.unlock();
      std::exception_ptr failed;
      try {
        work_(item);
      } catch (const std::exception&) { failed = std::current_exception(); }
      lock.lock();
      if (!failed) continue;
      failed_ = failed;
      changed_.notify_all();
      return;
    }
  }

  std::size_t most_;
  std::function<void(Item&)> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> waiting_;
  std::exception_ptr failed_;
  bool is_closed_ = false;
  std::thread thread_;
};

}  // namespace heretix
