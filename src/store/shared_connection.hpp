// One connection that many threads share, so that what several of them write is committed together.
//
// The threads take turns. Whoever works with the stores of a set holds its baton, and gives it up wherever it waits.
// What a thread writes in a transaction joins the group that is open: commit() returns at once. Before something is
// done that must not come before the commit, such as sending a question whose attempt was recorded,
// SharedStores::wait() is called: it returns when the group is on disk. A group is committed when nobody works who
// could still add to it, or after some milliseconds, and while that takes others go on with what needs no store.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "store/database.hpp"

namespace heretix {

// Held by one thread at a time. Not recursive.
class Baton {
 public:
  void take();
  void pass();

  // Gives the baton up until `is_so`, and holds it again. `is_so` is called with the baton held. Whoever makes it true
  // notifies `changed`.
  template <class Condition>
  void wait(std::condition_variable& changed, const Condition& is_so) {
    std::unique_lock lock(mutex_, std::adopt_lock);
    if (!is_so()) {
      leave();
      changed.wait(lock, is_so);
      ++working_;
    }
    lock.release();
  }

 private:
  friend class SharedStores;
  friend class SharedConnection;
  void leave();  // by a thread that stops working, with the baton held

  std::mutex mutex_;
  std::atomic<int> working_ = 0;   // threads that hold the baton or want it
  std::condition_variable idle_;   // nobody works, or a group was committed
  std::size_t awaits_commit_ = 0;  // threads
};

// Holds the baton for a scope.
class HoldsBaton {
 public:
  explicit HoldsBaton(Baton& baton) : baton_(baton) { baton_.take(); }
  ~HoldsBaton() { baton_.pass(); }
  HoldsBaton(const HoldsBaton&) = delete;
  HoldsBaton& operator=(const HoldsBaton&) = delete;

 private:
  Baton& baton_;
};

// Gives the baton up for a scope, in which nothing shared is touched.
class WithoutBaton {
 public:
  explicit WithoutBaton(Baton& baton) : baton_(baton) { baton_.pass(); }
  ~WithoutBaton() { baton_.take(); }
  WithoutBaton(const WithoutBaton&) = delete;
  WithoutBaton& operator=(const WithoutBaton&) = delete;

 private:
  Baton& baton_;
};

class SharedConnection;

// The stores of a set, by their connections. All of it is called with the baton held, but for the destructor.
class SharedStores {
 public:
  explicit SharedStores(Baton& baton);
  ~SharedStores();
  SharedStores(const SharedStores&) = delete;
  SharedStores& operator=(const SharedStores&) = delete;

  // A Database over `connection` for one check of the set, in which a commit is kept only once wait() has returned.
  // `connection` is borrowed, and not used otherwise while a check runs. The object that is returned ends before this
  // one.
  std::unique_ptr<Database> for_one_check(Database& connection);

  // Returns once everything that was committed so far is on disk. `patience`: somebody may wait whose commit others
  // wait for too, so the group is left open for longer; of those who wait, the most impatient counts. Throws what the
  // commit of a group failed with: nothing of that group is kept, and every thread that waits for it gets the error.
  enum class Patience { none, some };
  void wait(Patience patience = Patience::none);

 private:
  friend class SharedConnection;
  void commit_what_nobody_awaits(const std::stop_token& stop);

  Baton& baton_;
  std::map<Database*, std::unique_ptr<SharedConnection>> connections_;
  std::condition_variable begun_;  // a group has its first part
  std::jthread sweeper_;
};

// The group of one connection.
class SharedConnection {
 public:
  SharedConnection(Database& connection, SharedStores& stores) : connection_(connection), stores_(stores) {}

  Database& inner();  // waits until no group is being committed
  const Database& known() const { return connection_; }
  void begin();
  void commit();
  void roll_back() noexcept;
  void wait(SharedStores::Patience patience);  // for the group that is open, if there is one
  long version();                              // grows where another connection wrote

 private:
  friend class SharedStores;
  using Time = std::chrono::steady_clock::time_point;
  bool is_unawaited() const { return parts_ > 0 && waiting_ == 0 && !is_committing_; }
  void commit_group();

  Database& connection_;
  SharedStores& stores_;
  bool is_open_ = false;    // there is a transaction
  bool is_within_ = false;  // a check's part of it
  bool is_committing_ = false;
  std::size_t parts_ = 0;    // finished ones in it
  std::size_t waiting_ = 0;  // threads that wait for the group's commit
  Time began_;               // when it got its first part
  long group_ = 0;           // the number of the one that is open
  long version_ = 0;
  std::map<long, std::exception_ptr> failed_;  // groups
  std::exception_ptr lost_;                    // why one failed that nobody waited for: told to all who wait after it
};

}  // namespace heretix
