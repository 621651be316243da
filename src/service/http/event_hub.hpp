// Hands the events of streams to who watches them. One thread looks where they are kept, a few times a second while
// somebody watches; numbers come from there, so a reader goes on at any process, before and after a restart.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace heretix::http {

struct StreamEvent {
  std::int64_t number = 0;    // from 1 within its stream
  std::string kind, payload;  // as an EventSource of the browser gets them; the payload is JSON
  bool is_last = false;       // it ends the stream
};

// Where events are kept. Of one thread; what it throws means that it is away, and another one is opened later.
class EventKeeper {
 public:
  virtual ~EventKeeper() = default;
  // Those of a stream behind that number, in their order.
  virtual std::vector<StreamEvent> events_after(const std::string& stream, std::int64_t number, std::size_t most) = 0;
  // The streams to which events were added within that time.
  virtual std::vector<std::string> changed_within(std::chrono::seconds time) = 0;
};

// A reader's end. deliver() is called by the hub's thread, events in order, each once.
class EventReader {
 public:
  virtual ~EventReader() = default;
  virtual void deliver(const std::vector<StreamEvent>& events) = 0;
};

class EventHub {
 public:
  explicit EventHub(std::function<std::unique_ptr<EventKeeper>()> open);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // Until the reader is gone. `after`: the last event that it has.
  void watch(const std::string& stream, std::int64_t after, std::weak_ptr<EventReader> reader);
  void wake();  // this process wrote an event
  std::size_t watched() const;

 private:
  struct Watch {
    std::weak_ptr<EventReader> reader;
    std::int64_t after = 0;
  };
  void run();
  void look(EventKeeper& keeper, bool at_all);
  void deliver(EventKeeper& keeper, const std::string& stream);

  std::function<std::unique_ptr<EventKeeper>()> open_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::string, Watch> watches_;
  std::vector<std::string> fresh_;  // watched since the last look
  bool is_awake_ = false, ended_ = false;
  std::thread thread_;
};

}  // namespace heretix::http
