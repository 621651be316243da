#include "models/scripted/scripted_provider.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.hpp"
#include "base/sha256.hpp"

namespace heretix {
namespace {

using nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStopCheckInterval{20};  // how often a wait checks whether to leave

// A number in [0, 1) that follows from the text alone.
double unit_from(const std::string& text) {
  const Digest digest = sha256(text);
  std::uint32_t head = 0;
  for (std::size_t i = 0; i < 4; ++i) head = head << 8 | digest[i];
  return static_cast<double>(head) / 4294967296.0;
}

constexpr std::size_t kMockConcurrency = 800;  // so that many checks share a commit, which takes longer than an answer

constexpr double kYesBias = 0.25;  // of what is played for statements, in log-odds

// Each claim has its own belief, which a wording shifts a little and a replicate less. A negation is believed as little
// as its claim is believed, apart from a tendency to say yes.
double believed(const Plan& plan, const Question& question, double noise) {
  const double claim = 4.0 * (unit_from("claim|" + plan.recipe.claim.text) - 0.5);
  const double wording = 1.0 * (unit_from("wording|" + question.prompt_sha256) - 0.5);
  const double replicate = noise * (unit_from("replicate|" + question.cache_key) - 0.5);
  const double side = question.is_negation ? -1.0 : 1.0;
  const double bias = plan.recipe.readout() == Readout::decision ? kYesBias : 0.0;
  const double p = 1.0 / (1.0 + std::exp(-(side * claim + wording + replicate + bias)));
  return std::round(p * 100.0) / 100.0;
}

// What the company of other statements in its request does to a number.
double in_company(double p, const Mode& mode, const ScriptedCompany& company) {
  if (mode.value("together").empty()) return p;
  const double shift = company.together + (mode.value("order").empty() ? 0 : company.reversed) +
                       (mode.value("ids").empty() ? 0 : company.renamed);
  return std::clamp(p + shift, 0.0, 1.0);
}

std::string label_of(double p) {
  constexpr std::array kWords = {"very_unlikely", "unlikely", "uncertain", "likely", "very_likely"};
  return kWords[std::min<std::size_t>(static_cast<std::size_t>(p * 5.0), kWords.size() - 1)];
}

std::string stated_text(double p) { return json{{"type", "noul"}, {"noul", p}}.dump(); }

std::string answer_text(double p) {
  const json answer = {{"belief", {{"prob_true", p}, {"label", label_of(p)}}},
                       {"reasons", {"played by a script"}},
                       {"assumptions", json::array()},
                       {"uncertainties", json::array()},
                       {"flags", {{"refused", false}, {"off_topic", false}}}};
  return answer.dump();
}

}  // namespace

// The outside world's own record, for the fault drivers. Each line is written by a single write(), so that it survives
// a kill.
class ScriptedProvider::Ledger {
 public:
  explicit Ledger(const std::string& path) {
    if (path.empty()) return;
    file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) {
      throw Error(ErrorKind::not_allowed, fmt::format("cannot write the ledger {}: {}", path, std::strerror(errno)));
    }
  }
  ~Ledger() {
    if (file_ >= 0) ::close(file_);
  }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  void note(std::string_view what, const std::string& cache_key, int attempt) const {
    if (file_ < 0) return;
    const std::string line = fmt::format("{} {} {}\n", what, cache_key, attempt);
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      throw Error(ErrorKind::unavailable, "the ledger cannot be written");
    }
  }

 private:
  int file_ = -1;
};

struct ScriptedProvider::InFlight {
  Request request;
  SteadyClock::time_point due;
  std::variant<Reply, Failure> outcome;
};

ScriptedProvider::ScriptedProvider(Script script) : script_(std::move(script)) {
  facts_.provider = "scripted";
  facts_.model = script_.model;
  facts_.mode = Mode::mock();
  if (!script_.sha256.empty()) facts_.mode.with("script", script_.sha256.substr(0, 16));
  facts_.price = Price{.answer = script_.price};
  facts_.cost_note = "played from a script and costs nothing";
  facts_.settings = json{{"script_sha256", script_.sha256}}.dump();
  ledger_ = std::make_unique<Ledger>(script_.ledger);
}

ScriptedProvider::~ScriptedProvider() = default;

const ScriptedRule* ScriptedProvider::rule_for(const Question& question, int attempt) {
  const auto matches = [&](const ScriptedRule& rule) {
    return rule.paraphrase_idx.value_or(question.paraphrase_idx) == question.paraphrase_idx &&
           rule.replicate_idx.value_or(question.replicate_idx) == question.replicate_idx &&
           rule.attempt.value_or(attempt) == attempt && (!rule.every || sent_ % *rule.every == 0) &&
           question.user_text.find(rule.user_contains) != std::string::npos;
  };
  const auto found = std::ranges::find_if(script_.rules, matches);
  return found == script_.rules.end() ? nullptr : &*found;
}

ScriptedProvider::InFlight ScriptedProvider::start(const Plan& plan, const Request& request) {
  const Question& question = plan.questions[request.question];
  ++sent_;
  ledger_->note("received", question.cache_key, request.attempt);

  const ScriptedRule* rule = rule_for(question, request.attempt);
  const std::chrono::milliseconds delay = rule != nullptr ? rule->delay : script_.delay;
  InFlight flight{.request = request, .due = SteadyClock::now() + delay, .outcome = Reply{}};

  if (rule != nullptr && rule->fails) {
    flight.outcome = Failure{.kind = *rule->fails, .message = rule->failure, .retry_after = rule->retry_after};
    return flight;
  }

  Reply reply;
  const Plan& origin = request.origin == nullptr ? plan : *request.origin;
  double p = rule != nullptr && rule->prob_true ? *rule->prob_true : believed(origin, question, script_.noise);
  if (plan.recipe.readout() == Readout::decision) p = in_company(p, plan.recipe.mode, script_.company);
  reply.text = plan.recipe.readout() == Readout::decision ? stated_text(p) : answer_text(p);
  if (rule != nullptr && rule->text) reply.text = *rule->text;
  if (rule != nullptr && rule->truncated) reply.text.resize(reply.text.size() / 2);
  if (rule != nullptr) reply.ending = rule->ending;

  reply.model_version = script_.model.text() + "-scripted";
  reply.response_id = fmt::format("scripted-{}-{}", question.cache_key.substr(0, 12), request.attempt);
  reply.usage.input = static_cast<long>(question.user_text.size() / 4);
  reply.usage.output = static_cast<long>(reply.text.size() / 4);
  reply.latency_ms = static_cast<double>(delay.count());
  reply.billed = script_.price;

  flight.outcome = std::move(reply);
  return flight;
}

void ScriptedProvider::answer(const Plan& plan, Exchange& exchange) {
  std::vector<InFlight> in_flight;
  std::vector<InFlight> answered;
  while (!exchange.abandoned()) {
    std::vector<Delivery> due;
    for (InFlight& f : answered) due.push_back({f.request.question, std::move(f.outcome)});
    const Taken taken = exchange.turn(std::move(due), script_.concurrency - in_flight.size());

    // turn() has returned, so these replies are on disk: losing one from here on is a fault.
    for (const InFlight& f : answered)
      ledger_->note("acknowledged", plan.questions[f.request.question].cache_key, f.request.attempt);
    answered.clear();

    for (const Request& request : taken.requests) in_flight.push_back(start(plan, request));
    if (in_flight.empty() && !taken.again_at) return;

    auto wake = SteadyClock::now() + kStopCheckInterval;
    for (const InFlight& f : in_flight) wake = std::min(wake, f.due);
    // At least a millisecond from now, so that a retry that is due does not make this a busy loop.
    if (taken.again_at && in_flight.size() < script_.concurrency)
      wake = std::min(wake, std::max(*taken.again_at, SteadyClock::now() + std::chrono::milliseconds(1)));

    std::this_thread::sleep_until(wake);

    const auto now = SteadyClock::now();
    const auto waiting =
        std::partition(in_flight.begin(), in_flight.end(), [&](const InFlight& f) { return f.due > now; });
    std::move(waiting, in_flight.end(), std::back_inserter(answered));
    in_flight.erase(waiting, in_flight.end());
  }
}

std::unique_ptr<Provider> make_mock_provider(const ModelName& model) {
  Script script;
  script.model = model;
  script.concurrency = kMockConcurrency;
  return std::make_unique<ScriptedProvider>(std::move(script));
}

}  // namespace heretix
