#include "trace/exporter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <random>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "models/http/engine.hpp"
#include "trace/otlp_json.hpp"

namespace heretix::trace {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstPause = 1'000ms;
constexpr auto kLongestPause = 30'000ms;
constexpr int kMostTries = 5;  // of one request
constexpr auto kLook = 50ms;   // whether the exporter is to end
constexpr std::size_t kMostWords = 200;
constexpr const char* kTooSlow = "it was too slow";

// What OTLP says to send again.
bool is_worth_a_retry(const HttpResponse& response) {
  if (response.event == Event::no_reply) return true;
  return response.event == Event::replied &&
         (response.status == 429 || (response.status >= 502 && response.status <= 504));
}

std::optional<std::chrono::seconds> retry_after(const HttpResponse& response) {
  const std::string_view text = response.headers.value("retry-after");
  int seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::string trouble_of(const HttpResponse& response) {
  if (response.event != Event::replied) return response.trouble.empty() ? "no answer" : response.trouble;
  const std::string body = on_one_line(shortened(response.body, kMostWords));
  return fmt::format("it answered {}{}{}", response.status, body.empty() ? "" : ": ", body);
}

}  // namespace

// The connection to the collector, which is made when the first request is sent.
class Exporter::Connection {
 public:
  explicit Connection(const ExporterSettings& settings)
      : settings_(settings),
        engine_(
            {.deadlines = Deadlines::within(settings.timeout), .most_connections = 1, .ca_file = settings.ca_file}) {}

  // Empty: `ended` was true first.
  std::optional<HttpResponse> post(const std::string& body, const std::function<bool()>& ended) {
    HttpRequest request{.url = settings_.address, .headers = settings_.headers, .body = body};
    request.headers.emplace_back("Content-Type: application/json");
    engine_.start(++tickets_, std::move(request));
    while (!ended()) {
      for (HttpResponse& response : engine_.step(Steady::now() + kLook)) {
        if (response.ticket == tickets_) return std::move(response);
      }
    }
    return std::nullopt;
  }

 private:
  const ExporterSettings& settings_;
  HttpEngine engine_;
  std::uint64_t tickets_ = 0;
};

Exporter::Exporter(ExporterSettings settings) : settings_(std::move(settings)), thread_([this] { run(); }) {}

Exporter::~Exporter() {
  if (thread_.joinable()) finish(0ms);
}

void Exporter::add(SpanData span) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= settings_.most_waiting) {
    ++report_.dropped;
    if (report_.why.empty()) report_.why = fmt::format("more than {} spans were waiting", settings_.most_waiting);
    return;
  }
  const bool is_first = waiting_.empty();
  if (is_first) oldest_ = Steady::now();
  waiting_.push_back(std::move(span));
  if (is_first || waiting_.size() >= settings_.most_in_request) changed_.notify_all();
}

SendingReport Exporter::finish(std::chrono::milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    end_ = Steady::now() + patience;
  }
  changed_.notify_all();
  thread_.join();

  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) {
    report_.dropped += waiting_.size();
    if (report_.why.empty()) report_.why = kTooSlow;
    waiting_.clear();
  }
  return report_;
}

std::size_t Exporter::dropped() const {
  const std::lock_guard lock(mutex_);
  return report_.dropped;
}

bool Exporter::has_ended_by(Steady::time_point now) const {
  const std::lock_guard lock(mutex_);
  return gives_up_ || (end_ && now >= *end_);
}

// `why` may be empty: the reason is that of the spans before.
void Exporter::count_dropped(std::size_t spans, const std::string& why) {
  const std::lock_guard lock(mutex_);
  report_.dropped += spans;
  if (!why.empty()) report_.why = why;
  if (report_.why.empty()) report_.why = kTooSlow;
}

// Returns early where the exporter is to end. Returns whether it goes on.
bool Exporter::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [&] { return end_.has_value(); });
}

// Waits for spans. Empty: there are no more.
std::vector<SpanData> Exporter::next_batch() {
  std::unique_lock lock(mutex_);
  while (!end_ && waiting_.size() < settings_.most_in_request) {
    const auto due = oldest_ ? *oldest_ + settings_.delay : Steady::time_point::max();
    if (oldest_ && Steady::now() >= due) break;
    if (oldest_) changed_.wait_until(lock, due);
    else changed_.wait_for(lock, settings_.delay);
  }

  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), settings_.most_in_request));
  std::vector<SpanData> batch(std::make_move_iterator(waiting_.begin()),
                              std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  if (waiting_.empty()) oldest_.reset();
  else oldest_ = Steady::now();
  return batch;
}

void Exporter::send(Connection& connection, const std::vector<SpanData>& batch) {
  const std::string body = otlp_json(batch, settings_.resource);
  const auto ended = [this] { return has_ended_by(Steady::now()); };
  std::minstd_rand random(std::random_device{}());

  std::chrono::milliseconds longest = kFirstPause;
  for (int tries = 1;; ++tries) {
    const auto response = connection.post(body, ended);
    if (!response) return count_dropped(batch.size(), kTooSlow);

    if (response->event == Event::replied && response->status / 100 == 2) {
      const Rejected rejected = rejected_in(response->body);
      const std::size_t dropped = std::min(rejected.spans, batch.size());
      if (dropped > 0) count_dropped(dropped, "it rejected some: " + on_one_line(shortened(rejected.why, kMostWords)));
      const std::lock_guard lock(mutex_);
      report_.sent += batch.size() - dropped;
      return;
    }

    // While this object ends, one refusal is enough: the person waits.
    const std::string trouble = trouble_of(*response);
    const auto wait = retry_after(*response).value_or(std::chrono::seconds(0));
    const auto own = std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>(longest.count() / 2, longest.count())(random));
    longest = std::min<std::chrono::milliseconds>(2 * longest, kLongestPause);
    const auto time = std::min<std::chrono::milliseconds>(wait > own ? wait : own, kLongestPause);
    const bool goes_on = is_worth_a_retry(*response) && tries < kMostTries && pause(time);
    if (goes_on) continue;

    count_dropped(batch.size(), trouble);
    const std::lock_guard lock(mutex_);
    gives_up_ = end_.has_value();
    return;
  }
}

// It must not throw. What goes wrong costs spans, and nothing else.
void Exporter::run() {
  std::optional<Connection> connection;
  for (;;) {
    const std::vector<SpanData> batch = next_batch();
    if (batch.empty()) {
      const std::lock_guard lock(mutex_);
      if (end_ && waiting_.empty()) return;
      continue;
    }
    if (has_ended_by(Steady::now())) {
      count_dropped(batch.size(), "");
      continue;
    }

    try {
      if (!connection) connection.emplace(settings_);
      send(*connection, batch);
    } catch (const std::exception& e) {
      count_dropped(batch.size(), e.what());
      connection.reset();
    }
  }
}

}  // namespace heretix::trace
