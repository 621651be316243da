// Hands the events of streams to their readers. One thread looks for new events a few times a second while there are
// readers. The numbers of events come from where they are kept, so a reader can go on at any process, also after a
// restart.
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
  std::string kind, payload;  // as an EventSource in a browser receives them; the payload is JSON
  bool is_last = false;       // it ends the stream
};

// Where events are kept. Used by one thread. An exception means that it cannot be reached now; another one is opened
// later.
class EventKeeper {
 public:
  virtual ~EventKeeper() = default;
  // Returns at most `most` events of the stream with numbers above `number`, in order.
  virtual std::vector<StreamEvent> events_after(const std::string& stream, std::int64_t number, std::size_t most) = 0;
  // Returns the streams to which events were added within that time.
  virtual std::vector<std::string> changed_within(std::chrono::seconds time) = 0;
};

// A reader of a stream. The hub's thread calls deliver() with the events in order, each of them once.
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

  // Delivers the events of the stream until the reader is gone. `after` is the number of the last event that it has.
  void watch(const std::string& stream, std::int64_t after, std::weak_ptr<EventReader> reader);
  void wake();  // to be called when this process wrote an event
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
