// Work on a thread of its own, handed over in order through a short queue.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace heretix {

// Between one thread that pushes and one that pops.
template <class Item>
class ShortQueue {
 public:
  explicit ShortQueue(std::size_t most) : most_(most) {}

  // Waits while the queue is full. False: nobody pops any more.
  bool push(Item item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_abandoned_ || waiting_.size() < most_; });
    if (is_abandoned_) return false;
    waiting_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }
  void finish() {  // nothing is pushed any more
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
    changed_.notify_all();
  }
  void abandon() {  // nothing is popped any more
    const std::lock_guard lock(mutex_);
    is_abandoned_ = true;
    waiting_.clear();
    changed_.notify_all();
  }
  // Waits while the queue is empty. Empty: it is finished or abandoned.
  std::optional<Item> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_finished_ || is_abandoned_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(waiting_.front()));
    waiting_.pop_front();
    changed_.notify_all();
    return item;
  }

 private:
  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> waiting_;
  bool is_finished_ = false;
  bool is_abandoned_ = false;
};

// Does `work` on what is handed over. What it throws is thrown at the next hand_over() or at finish(), and nothing more
// is done after it. Without finish(), what still waits at the end of its life is dropped.
template <class Item>
class Background {
 public:
  Background(std::size_t most_waiting, std::function<void(Item&)> work)
      : queue_(most_waiting), work_(std::move(work)), thread_([this] { run(); }) {}
  ~Background() {
    queue_.abandon();
    if (thread_.joinable()) thread_.join();
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void hand_over(Item item) {
    if (!queue_.push(std::move(item))) finish();
  }
  void finish() {  // returns when everything is done
    queue_.finish();
    if (thread_.joinable()) thread_.join();
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
  }

 private:
  void run() {
    try {
      while (auto item = queue_.pop()) work_(*item);
    } catch (const std::exception&) {
      failed_ = std::current_exception();
      queue_.abandon();
    }
  }

  ShortQueue<Item> queue_;
  std::function<void(Item&)> work_;
  std::exception_ptr failed_;  // the thread's, until it is joined
  std::thread thread_;
};

// Makes items ahead of who wants them: `make` gives the next one, empty at the end. What it throws, next() throws.
template <class Item>
class Ahead {
 public:
  Ahead(std::size_t most_waiting, std::function<std::optional<Item>()> make)
      : queue_(most_waiting), make_(std::move(make)), thread_([this] { run(); }) {}
  ~Ahead() {
    queue_.abandon();
    if (thread_.joinable()) thread_.join();
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  std::optional<Item> next() {
    std::optional<Item> item = queue_.pop();
    if (item) return item;
    if (thread_.joinable()) thread_.join();
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
    return item;
  }

 private:
  void run() {
    try {
      while (auto item = make_()) {
        if (!queue_.push(std::move(*item))) return;
      }
    } catch (const std::exception&) { failed_ = std::current_exception(); }
    queue_.finish();
  }

  ShortQueue<Item> queue_;
  std::function<std::optional<Item>()> make_;
  std::exception_ptr failed_;  // the thread's, until it is joined
  std::thread thread_;
};

}  // namespace heretix
