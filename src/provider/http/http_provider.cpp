#include "provider/http/http_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "provider/http/breaker.hpp"
#include "provider/http/limiter.hpp"
#include "provider/http/pacer.hpp"

namespace heretix {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Time = SteadyClock::time_point;

constexpr std::chrono::milliseconds kNap{200};  // between looks at whether to leave
constexpr std::chrono::milliseconds kBreath{10};
constexpr double kBytesPerToken = 4;
constexpr double kUsualAnswerTokens = 200;

}  // namespace

struct HttpProvider::Gate {
  explicit Gate(std::size_t most) : limiter(most) {}

  std::size_t room(std::size_t in_flight, Time now) const {
    if (breaker.is_open()) return in_flight == 0 && now >= breaker.probes_at() ? 1 : 0;
    return pacer.room(limiter.room(in_flight, now), tokens_each, now);
  }
  Time opens_at(Time now) const {
    if (breaker.is_open()) return breaker.probes_at();
    return std::max(limiter.opens_at(), pacer.opens_at(tokens_each, now));
  }

  Limiter limiter;
  Pacer pacer;
  Breaker breaker;
  double tokens_each = 0;  // of a question with its answer, about
};

// What is in flight, and what came back.
class HttpProvider::Conversation {
 public:
  Conversation(HttpProvider& provider, const Plan& plan, Exchange& exchange)
      : provider_(provider),
        gate_(*provider.gate_),
        plan_(plan),
        exchange_(exchange),
        engine_({.deadlines = provider.options_.deadlines,
                 .most_connections = provider.options_.concurrency,
                 .ca_file = provider.options_.ca_file}),
        url_(provider.options_.base_url + provider.options_.wire->path(provider.options_.asked_model)) {}

  void run() {
    while (!exchange_.abandoned()) {
      const Time now = SteadyClock::now();
      const Taken taken = exchange_.turn(std::move(came_), gate_.room(engine_.in_flight(), now));
      came_.clear();
      for (const Request& r : taken.requests) send(r, now);
      if (engine_.in_flight() > 0) {
        collect(wake_time(taken, now));
      } else if (taken.again_at) {
        std::this_thread::sleep_until(std::min(std::max(*taken.again_at, gate_.opens_at(now)), now + kNap));
      } else {
        return;
      }
    }
  }

 private:
  struct Sent {
    std::size_t question;
    std::uint64_t number;
    bool is_probe;
  };

  Time wake_time(const Taken& taken, Time now) const {
    if (!taken.again_at) return now + kNap;
    if (gate_.room(engine_.in_flight(), now) > 0) return std::max(*taken.again_at, now + kBreath);
    const Time opens = gate_.opens_at(now);
    return opens > now ? std::max(*taken.again_at, opens) : now + kNap;  // else a reply makes room
  }

  void send(const Request& request, Time now) {
    const Question& question = plan_.questions[request.question];
    const Asked asked{.model = provider_.options_.asked_model,
                      .system = plan_.system_text,
                      .user = question.user_text,
                      .max_output_tokens = plan_.recipe.sampling.max_output_tokens,
                      .optional = provider_.options_.optional};
    HttpRequest http{.url = url_, .headers = provider_.options_.headers};
    http.body = provider_.options_.wire->body(asked).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (gate_.tokens_each == 0)
      gate_.tokens_each = static_cast<double>(http.body.size()) / kBytesPerToken + kUsualAnswerTokens;
    const bool is_probe = gate_.breaker.is_open();
    if (is_probe) gate_.breaker.on_probe_sent(now);
    engine_.start(next_ticket_, std::move(http));
    sent_[next_ticket_++] = {request.question, gate_.limiter.on_sent(engine_.in_flight()), is_probe};
    gate_.pacer.on_sent(gate_.tokens_each);
  }

  void collect(Time wake) {
    for (const HttpResponse& response : engine_.step(wake)) {
      const auto sent = sent_.extract(response.ticket).mapped();
      Reading reading = read_response(response, provider_.options_, std::chrono::system_clock::now());
      learn(sent, response, reading);
      came_.push_back({sent.question, std::move(reading.outcome)});
    }
  }

  void learn(const Sent& sent, const HttpResponse& response, Reading& reading) {
    const Time now = SteadyClock::now();
    gate_.pacer.learn(response.headers, now, std::chrono::system_clock::now(), engine_.in_flight(), gate_.tokens_each);
    auto* failure = std::get_if<Failure>(&reading.outcome);
    if (reading.is_rate_limited) {
      const auto wait = failure == nullptr ? std::nullopt : failure->retry_after;
      gate_.limiter.on_rate_limited(sent.number, engine_.in_flight(), now, wait.value_or(std::chrono::milliseconds(0)));
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
    else exchange_.tell_wait(failure.message + "; asking one question every 10 s until it is back");
  }

  HttpProvider& provider_;
  Gate& gate_;
  const Plan& plan_;
  Exchange& exchange_;
  HttpEngine engine_;
  const std::string url_;
  std::map<std::uint64_t, Sent> sent_;
  std::uint64_t next_ticket_ = 1;
  std::vector<Delivery> came_;
};

HttpProvider::HttpProvider(HttpProviderOptions options)
    : options_(std::move(options)), gate_(std::make_unique<Gate>(options_.concurrency)) {
  state_facts();
}

HttpProvider::~HttpProvider() = default;

void HttpProvider::state_facts() {
  facts_ = {.provider = options_.provider, .model = options_.model};
  facts_.price = options_.price;
  facts_.cost_note = options_.price_date.empty() ? "" : "by prices of " + options_.price_date;
  if (options_.optional.temperature) facts_.mode.with("temperature", fmt::format("{}", *options_.optional.temperature));
  if (!options_.optional.effort.empty()) facts_.mode.with("reasoning", options_.optional.effort);
  nlohmann::json settings = {{"base_url", options_.base_url},
                             {"api", options_.wire->path(options_.asked_model)},
                             {"asked_model", options_.asked_model},
                             {"form", "json_schema, strict"}};
  if (!left_out_.empty()) settings["left_out"] = left_out_;
  if (options_.optional.logprobs) settings["logprobs"] = true;
  facts_.settings = settings.dump();
}

bool HttpProvider::leave_out(const std::string& parameter) {
  OptionalParameters& sent = options_.optional;
  const bool had = (parameter == "temperature" && sent.temperature) || (parameter == "logprobs" && sent.logprobs) ||
                   (parameter == "reasoning" && !sent.effort.empty());
  if (!had) return false;
  if (parameter == "temperature") sent.temperature.reset();
  if (parameter == "logprobs") sent.logprobs = false;
  if (parameter == "reasoning") sent.effort.clear();
  left_out_.push_back(parameter);
  state_facts();
  return true;
}

void HttpProvider::answer(const Plan& plan, Exchange& exchange) { Conversation(*this, plan, exchange).run(); }

}  // namespace heretix
