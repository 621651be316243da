// Database connections that threads borrow, each connection by one thread at a time.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"

namespace heretix {

// Thread-safe. Connections are made when they are first needed.
class DatabasePool {
 public:
  DatabasePool(std::function<std::unique_ptr<Database>()> open, std::size_t most)
      : open_(std::move(open)), left_(most) {}

  class Borrowed {
   public:
    Borrowed(DatabasePool& pool, std::unique_ptr<Database> database) : pool_(pool), database_(std::move(database)) {}
    ~Borrowed() { pool_.give_back(std::move(database_)); }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    Database& operator*() const { return *database_; }

   private:
    DatabasePool& pool_;
    std::unique_ptr<Database> database_;
  };

  // Waits while all connections are lent. Throws `unavailable` where none can be opened, whatever the reason: who asked
  // cannot put it right, and what the reason names is for the log.
  Borrowed borrow() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [&] { return !idle_.empty() || left_ > 0; });
    if (!idle_.empty()) {
      auto database = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(database)};
    }
    --left_;
    lock.unlock();
    try {
      return {*this, open_()};
    } catch (const Error& e) {
      lock.lock();
      ++left_;
      returned_.notify_one();
      throw Error(ErrorKind::unavailable, e.what(), e.hint());
    }
  }

 private:
  void give_back(std::unique_ptr<Database> database) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(database));
    returned_.notify_one();
  }

  std::function<std::unique_ptr<Database>()> open_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Database>> idle_;
  std::size_t left_;
};

}  // namespace heretix
