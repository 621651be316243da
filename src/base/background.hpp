// Work on a thread of its own, handed over in order through a bounded queue.
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

// A bounded queue between one thread that pushes and one that pops.
template <class Item>
class ShortQueue {
 public:
  explicit ShortQueue(std::size_t most) : most_(most) {}

  // Waits while the queue is full. Returns false once the queue is abandoned, because nothing is popped any more.
  bool push(Item item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_abandoned_ || waiting_.size() < most_; });
    if (is_abandoned_) return false;
    waiting_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }
  void finish() {  // nothing more will be pushed
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
    changed_.notify_all();
  }
  void abandon() {  // nothing more will be popped
    const std::lock_guard lock(mutex_);
    is_abandoned_ = true;
    waiting_.clear();
    changed_.notify_all();
  }
  // Waits while the queue is empty. Returns nothing once the queue is finished and drained, or abandoned.
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

// Calls `work` for each item that is handed over. An exception that it throws is rethrown by the next hand_over() or by
// finish(), and nothing more is done after it. Items that are still waiting when the object is destroyed without
// finish() are dropped.
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
  std::exception_ptr failed_;  // belongs to the thread until it is joined
  std::thread thread_;
};

// Makes items before they are asked for. `make` returns the next item, or nothing at the end. An exception that it
// throws is rethrown by next().
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
  std::exception_ptr failed_;  // belongs to the thread until it is joined
  std::thread thread_;
};

}  // namespace heretix
