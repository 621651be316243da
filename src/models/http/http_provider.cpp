#include "models/http/http_provider.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "models/http/breaker.hpp"
#include "models/http/frame.hpp"
#include "models/http/limiter.hpp"
#include "models/http/pacer.hpp"
#include "models/http/packing.hpp"
#include "models/http/refusal.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;
using Time = SteadyClock::time_point;

constexpr std::chrono::milliseconds kStopCheckInterval{200};
constexpr std::chrono::milliseconds kIdleTurnDelay{10};  // where there is room, but nothing that may be sent
constexpr std::chrono::milliseconds kCommitGroupingDelay{8};
constexpr double kQuickAnswersPerSecond = 100;
constexpr double kBytesPerToken = 4;
constexpr double kUsualAnswerTokens = 200;

}  // namespace

struct HttpProvider::Gate {
  explicit Gate(std::size_t most) : limiter(most) {}

  std::size_t room(std::size_t in_flight, Time now) const {
    if (breaker.is_open()) return in_flight == 0 && now >= breaker.probes_at() ? 1 : 0;
    return pacer.room(limiter.room(in_flight, now), now, tokens_each);
  }
  Time opens_at(Time now) const {
    if (breaker.is_open()) return breaker.probes_at();
    return std::max(limiter.opens_at(), pacer.opens_at(tokens_each, now));
  }

  Limiter limiter;
  Pacer pacer;
  Breaker breaker;
  double tokens_each = 0;  // of a request with its reply, about
};

// What is in flight, and what came back.
class HttpProvider::Conversation {
 public:
  Conversation(HttpProvider& provider, const Plan& plan, Exchange& exchange)
      : provider_(provider),
        gate_(*provider.gate_),
        plan_(plan),
        exchange_(exchange),
        asks_for_decisions_(plan.recipe.readout() == Readout::decision),
        packing_(plan, asks_for_decisions_ ? questions_together(plan, provider.options_) : 1),
        engine_(provider.engine()),
        url_(provider.url_for(plan.recipe.readout())),
        terms_{.sent_at = {}, .max_output_tokens = plan.recipe.sampling.max_output_tokens} {
    if (!asks_for_decisions_) frame_.emplace(plan, provider.options_);
  }

  // The engine goes back with its connections, but not with anything in flight.
  ~Conversation() {
    if (turn_.valid()) turn_.wait();
    if (engine_->in_flight() == 0) provider_.engine_ = std::move(engine_);
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // The store commits on a thread of its own while this one moves bytes: one turn at a time.
  void run() {
    while (!exchange_.abandoned()) {
      if (turn_is_ready()) end_turn();
      const Time now = SteadyClock::now();
      send_ready(now);
      if (!turn_.valid() && wants_turn(now)) begin_turn(now);
      if (!turn_.valid() && engine_->in_flight() == 0 && ready_.empty() && came_.empty() && !again_at_) return;
      collect(wake_time(now));
    }
    if (turn_.valid()) turn_.get();
  }

 private:
  struct Sent {
    std::vector<Request> questions;
    std::vector<Statement> statements;  // of them, where a decisions API is asked
    std::uint64_t number;
    bool is_probe;
  };

  // Where answers come quickly a fifth of what may be in flight is on disk ahead of the wire, so that no connection
  // waits for a commit; where they come slowly it would only be open for longer.
  std::size_t ahead() const {
    return answers_per_second_ > kQuickAnswersPerSecond && !gate_.breaker.is_open() ? provider_.options_.concurrency / 5
                                                                                    : 0;
  }

  std::size_t wire_room(Time now) const {
    const std::size_t most = provider_.options_.concurrency - ahead();
    const std::size_t in_flight = engine_->in_flight();
    return in_flight >= most ? 0 : std::min(gate_.room(in_flight, now), most - in_flight);
  }

  // How many more questions may be put on disk: what the wire takes now, and what it takes next where only its width
  // holds it up.
  std::size_t room(Time now) const {
    const std::size_t wire = wire_room(now);
    const bool is_held = wire == 0 && gate_.opens_at(now) > now;
    const std::size_t open = engine_->in_flight() + packing_.requests_of(ready_.size());
    const std::size_t wanted = packing_.questions_for(wire + (is_held ? 0 : ahead()));
    const std::size_t most = provider_.options_.concurrency;
    if (wanted <= ready_.size() || open >= most) return 0;
    return std::min(wanted - ready_.size(), packing_.questions_for(most - open));
  }

  bool turn_is_ready() const {
    return turn_.valid() && turn_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  // Commits are grouped for some milliseconds while the wire has enough to do.
  bool wants_turn(Time now) const {
    if (now >= look_at_) return true;
    if (!ready_.empty() && now - turn_began_ < kCommitGroupingDelay) return false;
    return !came_.empty() || (again_at_ && *again_at_ <= now && room(now) > 0);
  }

  void begin_turn(Time now) {
    const double seconds = std::chrono::duration<double>(now - turn_began_).count();
    answers_per_second_ += (static_cast<double>(came_.size()) / std::max(seconds, 1e-4) - answers_per_second_) / 8;
    turn_began_ = now;
    asked_for_ = room(now);
    turn_ = std::async(std::launch::async, [this, most = asked_for_, came = std::exchange(came_, {}),
                                            notes = std::exchange(notes_, {})]() mutable {
      for (const std::string& note : notes) exchange_.tell_wait(note);
      struct Wake {
        HttpEngine& engine;
        ~Wake() { engine.wake(); }
      } wake{*engine_};
      return exchange_.turn(std::move(came), most);
    });
  }

  void end_turn() {
    const Taken taken = turn_.get();
    const Time now = SteadyClock::now();
    if (taken.ended) hand_back_ready();
    ready_.insert(ready_.end(), taken.requests.begin(), taken.requests.end());
    again_at_ = taken.again_at;
    if (asked_for_ > 0) more_may_come_ = again_at_ && taken.requests.size() == asked_for_;
    // With room, but nothing that may be sent, there is nothing to hurry for.
    if (again_at_ && taken.requests.empty()) again_at_ = std::max(*again_at_, now + kIdleTurnDelay);
    look_at_ = now + kStopCheckInterval;
  }

  void hand_back_ready() {
    for (const Request& r : ready_) came_.push_back({r.question, Failure{.message = "not sent: the run ended before"}});
    ready_.clear();
  }

  void send_ready(Time now) {
    for (std::size_t room = wire_room(now); room > 0 && !ready_.empty(); --room) {
      std::vector<Request> group = packing_.take(ready_, more_may_come_);
      if (group.empty()) return;
      send(std::move(group), now);
    }
  }

  Time wake_time(Time now) const {
    Time wake = look_at_;
    if (turn_.valid()) wake = now + kStopCheckInterval;  // its end wakes
    else if (!ready_.empty() && !came_.empty()) wake = std::min(wake, turn_began_ + kCommitGroupingDelay);
    const Time opens = gate_.opens_at(now);
    if (!ready_.empty() && opens > now) wake = std::min(wake, opens);
    if (turn_.valid() || !again_at_) return wake;
    // No sooner than the next turn is wanted: questions that wait for others to fill their request are not hurried.
    if (room(now) > 0)
      return std::min(wake, ready_.empty() ? *again_at_ : std::max(*again_at_, turn_began_ + kCommitGroupingDelay));
    return opens > now ? std::min(wake, std::max(*again_at_, opens)) : wake;  // else a reply makes room
  }

  std::string body_of(const Sent& sent) const {
    if (frame_) return frame_->body(plan_.questions[sent.questions.front().question]);
    const HttpProviderOptions& options = provider_.options_;
    return json_of(options.decisions->body(options.asked_model, plan_.system_text, sent.statements));
  }

  void send(std::vector<Request> group, Time now) {
    Sent sent{.questions = std::move(group), .statements = {}, .number = 0, .is_probe = gate_.breaker.is_open()};
    if (asks_for_decisions_) sent.statements = packing_.statements(sent.questions);
    HttpRequest http{.url = url_, .headers = provider_.options_.headers};
    http.body = body_of(sent);
    if (gate_.tokens_each == 0)
      gate_.tokens_each = static_cast<double>(http.body.size()) / kBytesPerToken +
                          (asks_for_decisions_ ? 0 : kUsualAnswerTokens);  // a decision model writes nothing
    if (sent.is_probe) gate_.breaker.on_probe_sent(now);

    engine_->start(next_ticket_, std::move(http));
    sent.number = gate_.limiter.on_sent(engine_->in_flight());
    sent_.emplace(next_ticket_++, std::move(sent));
    gate_.pacer.on_sent(gate_.tokens_each);
  }

  Reading read(const Sent& sent, const HttpResponse& response) const {
    const auto now = std::chrono::system_clock::now();
    return asks_for_decisions_ ? read_decisions(response, provider_.options_, sent.statements, now, terms_)
                               : read_response(response, provider_.options_, now, terms_);
  }

  void collect(Time wake) {
    for (const HttpResponse& response : engine_->step(wake)) {
      const Sent sent = std::move(sent_.extract(response.ticket).mapped());
      Reading reading = read(sent, response);
      learn(sent, response, reading);
      auto outcomes = outcome_of_each(std::move(reading), sent.questions.size());
      for (std::size_t i = 0; i < outcomes.size(); ++i)
        came_.push_back({sent.questions[i].question, std::move(outcomes[i])});
    }
  }

  void learn(const Sent& sent, const HttpResponse& response, Reading& reading) {
    const Time now = SteadyClock::now();
    gate_.pacer.learn(response.headers, engine_->in_flight(), now, std::chrono::system_clock::now(), gate_.tokens_each);
    auto* failure = std::get_if<Failure>(&reading.outcome);
    if (reading.is_rate_limited) {
      const auto wait = failure == nullptr ? std::nullopt : failure->retry_after;
      // A longer wait ends the run; whoever goes on after it need not wait for it here.
      gate_.limiter.on_rate_limited(sent.number, now, engine_->in_flight(),
                                    std::min<std::chrono::milliseconds>(wait.value_or(0ms), kLongestWait));
      gate_.breaker.on_success(now);  // it is there
    } else if (reading.is_server_error) {
      gate_.limiter.on_server_error();
      gate_.breaker.on_failure(now, sent.is_probe);
      tell_breaker(*failure);
    } else {
      gate_.limiter.on_answer(sent.number);
      gate_.breaker.on_success(now);
    }
    if (const auto* reply = std::get_if<Reply>(&reading.outcome)) learn_size(reply->usage);
  }

  void learn_size(const Usage& usage) {
    if (!usage.input || !usage.output) return;
    const auto tokens = static_cast<double>(*usage.input + *usage.output);
    gate_.tokens_each += (tokens - gate_.tokens_each) / 16;
  }

  void tell_breaker(Failure& failure) {
    if (!gate_.breaker.is_open()) return;
    if (gate_.breaker.has_given_up()) failure.ends_run = true;
    else notes_.push_back(failure.message + "; asking one question every 10 s until it is back");
  }

  HttpProvider& provider_;
  Gate& gate_;
  const Plan& plan_;
  Exchange& exchange_;
  const bool asks_for_decisions_;
  const Packing packing_;
  std::unique_ptr<HttpEngine> engine_;
  const std::string url_;
  std::optional<RequestFrame> frame_;  // empty where a decisions API is asked
  const RequestTerms terms_;
  std::map<std::uint64_t, Sent> sent_;
  std::uint64_t next_ticket_ = 1;
  std::deque<Request> ready_;       // on disk, to be sent
  std::vector<Delivery> came_;      // not yet handed over
  std::vector<std::string> notes_;  // likewise
  std::future<Taken> turn_;         // at the exchange, while it is valid
  std::optional<Time> again_at_{Time{}};
  std::size_t asked_for_ = 0;   // questions, of the turn that is at the exchange
  bool more_may_come_ = false;  // the last turn gave as many as it was asked for
  Time look_at_{};              // whether to stop
  Time turn_began_ = SteadyClock::now();
  double answers_per_second_ = 0;
};

HttpProvider::HttpProvider(HttpProviderOptions options)
    : options_(std::move(options)), gate_(std::make_unique<Gate>(options_.concurrency)) {
  state_facts();
}

HttpProvider::~HttpProvider() = default;

std::string address_of(const HttpProviderOptions& options) {
  return options.base_url + (options.wire ? options.wire->path(options.asked_model) : options.decisions->path());
}

std::string HttpProvider::url_for(Readout readout) const {
  if (readout != Readout::decision) return address_of(options_);
  return options_.base_url + options_.decisions->path();
}

// Keys name what was sent, and what would have been sent had the server taken it.
void HttpProvider::state_facts() {
  facts_ = {.provider = options_.provider, .model = options_.model, .address = address_of(options_)};
  facts_.price = options_.prices.on(std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  facts_.cost_note = options_.price_note;
  if (!options_.server.empty()) facts_.mode.with("server", options_.server);
  if (options_.optional.temperature) facts_.mode.with("temperature", fmt::format("{}", *options_.optional.temperature));
  if (!options_.optional.effort.empty()) facts_.mode.with("reasoning", options_.optional.effort);
  for (const ServerRefusal& way : fallen_back_)
    facts_.mode.with(way.parameter, options_.wire->value_of(options_.way, way.parameter));
  std::vector<std::string> names;
  for (const ServerRefusal& refusal : left_out_) names.push_back(refusal.parameter);
  std::ranges::sort(names);
  if (!names.empty()) facts_.mode.with("left_out", fmt::format("{}", fmt::join(names, ",")));
  facts_.settings = settings_text();
}

std::string HttpProvider::settings_text() const {
  nlohmann::json settings = {{"base_url", options_.base_url}, {"asked_model", options_.asked_model}};
  if (options_.decisions) settings["decisions_api"] = options_.decisions->path();
  if (!options_.server.empty()) settings["server"] = options_.server;
  if (options_.wire) {
    const std::string form = options_.wire->value_of(options_.way, "form");
    settings["api"] = options_.wire->path(options_.asked_model);
    settings["form"] = form == "json_schema" ? "json_schema, strict" : form;
  }
  for (const ServerRefusal& refusal : left_out_)
    settings["left_out"].push_back(
        {{"parameter", refusal.parameter}, {"value", refusal.value}, {"message", refusal.message}});
  for (const ServerRefusal& way : fallen_back_)
    settings["fallen_back"].push_back({{"feature", way.parameter},
                                       {"refused", way.value},
                                       {"used", options_.wire->value_of(options_.way, way.parameter)},
                                       {"message", way.message}});
  if (options_.optional.logprobs) settings["logprobs"] = true;
  return settings.dump();
}

std::string HttpProvider::why_not(Readout readout) const {
  if (readout == Readout::decision) return why_no_decisions();
  if (!options_.wire) return options_.why_it_writes_nothing;

  if (reads_tokens(readout) && options_.optional.temperature)
    return "its token probabilities do not depend on the temperature; leave --temperature out";
  return options_.wire->why_not(readout);
}

std::string HttpProvider::why_no_decisions() const {
  if (!options_.decisions)
    return fmt::format("{} has no decisions API; --readout verbalized works with every model that writes text",
                       options_.provider);
  const auto parameters = sent_parameters(options_.optional);
  if (parameters.empty()) return {};
  return fmt::format("a decisions API does not take {0}; leave --{0} out", parameters.front().name);
}

void HttpProvider::require_sendable(const Plan& plan) const {
  if (plan.recipe.readout() == Readout::decision) questions_together(plan, options_);
}

std::size_t HttpProvider::most_together() const {
  return options_.decisions ? options_.decisions->limits().questions : 1;
}

bool HttpProvider::heed(const ServerRefusal& refusal) {
  if (refusal.address != facts_.address || refusal.model != options_.model) return false;
  if (!options_.wire) return false;
  if (leave_out(refusal)) {
    left_out_.push_back(refusal);
    state_facts();
    return true;
  }

  if (options_.wire->value_of(options_.way, refusal.parameter) != refusal.value) return false;
  const auto next = options_.wire->fall_back(options_.way, refusal.parameter);
  if (!next) return false;
  options_.way = *next;
  std::erase_if(fallen_back_, [&](const ServerRefusal& earlier) { return earlier.parameter == refusal.parameter; });
  fallen_back_.push_back(refusal);
  state_facts();
  return true;
}

// Another value, or the same one beside other parameters, may be taken.
bool HttpProvider::leave_out(const ServerRefusal& refusal) {
  OptionalParameters& sent = options_.optional;
  const auto parameters = sent_parameters(sent);
  const bool is_sent = std::ranges::any_of(
      parameters, [&](const SentParameter& p) { return p.name == refusal.parameter && p.value == refusal.value; });
  if (!is_sent || sent_beside(sent, refusal.parameter) != refusal.sent_with) return false;

  if (refusal.parameter == "temperature") sent.temperature.reset();
  if (refusal.parameter == "logprobs") sent.logprobs = false;
  if (refusal.parameter == "reasoning") sent.effort.clear();
  return true;
}

std::unique_ptr<BatchApi> HttpProvider::batch_api() {
  return options_.batches == nullptr ? nullptr : options_.batches(options_);
}

std::unique_ptr<HttpEngine> HttpProvider::engine() {
  if (engine_) return std::move(engine_);
  return std::make_unique<HttpEngine>(EngineOptions{
      .deadlines = options_.deadlines, .most_connections = options_.concurrency, .ca_file = options_.ca_file});
}

void HttpProvider::answer(const Plan& plan, Exchange& exchange) {
  state_facts();  // a service asks for weeks, and prices change
  Conversation(*this, plan, exchange).run();
}

}  // namespace heretix
