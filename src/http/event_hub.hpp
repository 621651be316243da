// Hands a check's events to who watches it. One thread looks into the database, a few times a second while somebody
// watches; numbers come from there, so a reader goes on at any process, before and after a restart.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "check/served_checks.hpp"
#include "store/database.hpp"

namespace heretix::http {

// A reader's end. deliver() is called by the hub's thread, events in order, each once.
class EventReader {
 public:
  virtual ~EventReader() = default;
  virtual void deliver(const std::vector<CheckEvent>& events) = 0;
};

class EventHub {
 public:
  explicit EventHub(std::function<std::unique_ptr<Database>()> open_database);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // Until the reader is gone. `after`: the last event that it has.
  void watch(const std::string& check_id, std::int64_t after, std::weak_ptr<EventReader> reader);
  void wake();  // this process wrote an event
  std::size_t watched() const;

 private:
  struct Watch {
    std::weak_ptr<EventReader> reader;
    std::int64_t after = 0;
  };
  void run();
  void look(ServedChecks& checks, bool at_all);
  void deliver(ServedChecks& checks, const std::string& check_id);

  std::function<std::unique_ptr<Database>()> open_database_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::string, Watch> watches_;
  std::vector<std::string> fresh_;  // watched since the last look
  bool is_awake_ = false, ended_ = false;
  std::thread thread_;
};

}  // namespace heretix::http
