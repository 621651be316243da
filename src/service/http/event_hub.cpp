#include "service/http/event_hub.hpp"

#include <algorithm>
#include <set>

namespace heretix::http {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookInterval = 200ms;
constexpr auto kLookAtAllInterval = 15s;  // catches whatever the other looks missed
constexpr auto kChangedWithin = 10s;      // longer than any transaction that writes an event
constexpr std::size_t kAtOnce = 500;

}  // namespace

EventHub::EventHub(std::function<std::unique_ptr<EventKeeper>()> open)
    : open_(std::move(open)), thread_([this] { run(); }) {}

EventHub::~EventHub() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void EventHub::watch(const std::string& stream, std::int64_t after, std::weak_ptr<EventReader> reader) {
  const std::lock_guard lock(mutex_);
  watches_.emplace(stream, Watch{std::move(reader), after});
  fresh_.push_back(stream);
  is_awake_ = true;
  changed_.notify_all();
}

void EventHub::wake() {
  const std::lock_guard lock(mutex_);
  if (watches_.empty()) return;
  is_awake_ = true;
  changed_.notify_all();
}

std::size_t EventHub::watched() const {
  const std::lock_guard lock(mutex_);
  return watches_.size();
}

void EventHub::deliver(EventKeeper& keeper, const std::string& stream) {
  // One query serves all readers of the stream, from the earliest place that one of them has reached.
  std::int64_t from = -1;
  {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = watches_.equal_range(stream);
    for (auto it = first; it != last; ++it) from = from < 0 ? it->second.after : std::min(from, it->second.after);
  }
  if (from < 0) return;

  // The lock is not held here, because the query may take long.
  const std::vector<StreamEvent> events = keeper.events_after(stream, from, kAtOnce);
  if (events.empty()) return;

  // Readers may have come and gone during the query, so they are looked up anew.
  const std::lock_guard lock(mutex_);
  const auto [first, last] = watches_.equal_range(stream);
  for (auto it = first; it != last; ++it) {
    std::vector<StreamEvent> wanted;
    std::ranges::copy_if(events, std::back_inserter(wanted),
                         [&](const StreamEvent& event) { return event.number > it->second.after; });
    const auto reader = it->second.reader.lock();
    if (wanted.empty() || !reader) continue;
    it->second.after = wanted.back().number;
    reader->deliver(wanted);
  }

  // The query was cut off at its limit; the next look reads on from there.
  if (events.size() == kAtOnce) fresh_.push_back(stream);
}

void EventHub::look(EventKeeper& keeper, bool at_all) {
  std::set<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(watches_, [](const auto& entry) { return entry.second.reader.expired(); });
    ids.insert(fresh_.begin(), fresh_.end());
    fresh_.clear();
    if (at_all) std::ranges::transform(watches_, std::inserter(ids, ids.end()), [](const auto& w) { return w.first; });
    if (watches_.empty()) return;
  }
  for (const std::string& stream : keeper.changed_within(kChangedWithin)) ids.insert(stream);
  for (const std::string& id : ids) deliver(keeper, id);
}

void EventHub::run() {
  std::unique_ptr<EventKeeper> keeper;
  auto looked_at_all = std::chrono::steady_clock::now();

  for (;;) {
    {
      std::unique_lock lock(mutex_);
      // While nobody watches, the database is left alone.
      if (watches_.empty()) changed_.wait(lock, [&] { return ended_ || is_awake_; });
      else changed_.wait_for(lock, kLookInterval, [&] { return ended_ || is_awake_; });
      if (ended_) return;
      is_awake_ = false;
    }

    try {
      if (!keeper) keeper = open_();
      const bool at_all = std::chrono::steady_clock::now() - looked_at_all >= kLookAtAllInterval;
      if (at_all) looked_at_all = std::chrono::steady_clock::now();
      look(*keeper, at_all);
    } catch (const std::exception&) {
      keeper.reset();  // the database cannot be reached; every reader keeps its place
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, 1s, [&] { return ended_; });
    }
  }
}

}  // namespace heretix::http
