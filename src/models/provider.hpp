// A Provider puts questions to one model and hands back what the model said, in whatever order replies come.
//
// It pulls: whenever it has room it asks the Exchange for more questions, so that no question is handed over, and
// no attempt recorded, before it can be sent. It never retries: measure/ decides, because only it knows the budget.
#pragma once

#include <chrono>
#include <cstdint>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/money.hpp"
#include "belief/plan/plan.hpp"
#include "models/finish_word.hpp"
#include "models/price.hpp"
#include "models/retry_allowance.hpp"

namespace heretix {

// What came back, before it is judged whether it is usable. A useless reply is still a reply. Its ending is neither
// `failed` nor `disabled`: those are failures.
struct Reply {
  std::string text;
  Ending ending = Ending::complete;
  bool leans_on_source = false;  // by the reply's own traces: the model searched, or cites what it found
  std::string model_version;     // as the provider named it; may be finer than what was asked for
  std::string response_id;
  Usage usage;
  double latency_ms = 0;
  std::optional<Usd> billed;  // empty: unknown
  std::string finish;         // the provider's own word for how it stopped
  std::string logprobs;       // of the text's tokens, JSON; empty: none were asked for, or none came
  std::string notice;         // what the provider tells the person beside it, e.g. when it retires the model
};

// Something that a server does not accept, as it was sent: an optional parameter, to be left out from then on, or a way
// of asking, to be replaced by the next one. It is remembered with everything that it depends on, so that it suppresses
// nothing else.
struct ServerRefusal {
  std::string address;  // of the server
  ModelName model;
  std::string parameter;  // "temperature", "reasoning", "logprobs"; ways of asking: "form", "limit", "system"
  std::string value;      // that was sent
  std::string sent_with;  // the other optional parameters beside it, "name=value;name=value"; empty for a way of asking
  std::string message;    // what the server said
};

// No reply. `unavailable`: it surely cost nothing. `in_doubt`: it may have been answered and billed. Any other kind
// ends the run, and surely cost nothing unless `billed` says so: asking again would not help, or not now (`stopped`).
struct Failure {
  ErrorKind kind = ErrorKind::unavailable;
  std::string message;
  std::optional<Usd> billed{};  // by the usage that came with it
  std::optional<std::chrono::milliseconds> retry_after{};
  std::string hint{};                      // what to correct, or when to go on
  bool ends_run = false;                   // nothing further is to be sent, although `kind` would allow a retry
  bool parks_run = false;                  // likewise, because the provider says that asking again does not help now
  std::optional<ServerRefusal> refusal{};  // the rest would be taken: to be heeded, then all is asked again
  bool is_lost = false;                    // in doubt for good: not asked again unless the person says so
};

struct Request {
  std::size_t question = 0;      // index into the plan's questions
  int attempt = 1;               // of its key, over all executions
  int answers_before = 0;        // 1: asked again after an unusable answer; what a seed may depend on
  const Plan* origin = nullptr;  // the plan that it comes from, until the next turn; null: the one that is asked
};

struct Delivery {
  std::size_t question = 0;
  std::variant<Reply, Failure> outcome;
};

struct Taken {
  std::vector<Request> requests;
  // With no request: when to come back, because some wait for their retry. Empty: no more will come.
  std::optional<std::chrono::steady_clock::time_point> again_at;
  // The run ends: what was taken before and is not sent yet is not to be sent, but handed back as a failure.
  bool ended = false;
};

// What a model in this process has put through since it began to answer, of the questions that it has taken so far. In
// tokens; `all` counts those that are still to come for these questions too.
struct WorkDone {
  double prompt = 0, prompt_all = 0;  // of prompts, each counted once where questions share it
  double output = 0, output_all = 0;  // of answers; how many they will have is an estimate
};

// The asking side, as a provider sees it. Called by one thread at a time.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // Hands over what came and takes at most `most` further questions, in one commit. When this returns, the replies are
  // on disk, and so are the attempts of the questions taken, which may then be sent.
  virtual Taken turn(std::vector<Delivery> deliveries, std::size_t most) = 0;

  // Why nothing is sent for a while, for people to read.
  virtual void tell_wait(const std::string& why) = 0;

  // What was done so far, from a model in this process: often, and between turns. It only serves to tell people how
  // long the rest will take.
  virtual void tell_work(const WorkDone& /*work*/) {}

  // Whether to leave at once, dropping what is in flight.
  virtual bool abandoned() const = 0;

  // The server refused to another plan what it would refuse to this one, so nothing further is sent for it. Called
  // between turns.
  virtual void on_refused_elsewhere(const ServerRefusal& /*refusal*/) {}
};

struct ProviderFacts {
  std::string provider;  // "llama", "scripted"
  ModelName model;
  Mode mode = Mode::live();
  std::string address{};         // of the server that answers; empty: none does
  std::optional<Price> price{};  // empty: unknown
  std::string cost_note{};       // shown beside the cost, e.g. "runs here"
  std::string settings = "{}";   // what else made the answers, a JSON object; kept in the record
  std::string decision_form{};   // what is put around a statement (Readout::decision), by name: part of its keys
};

// How a provider takes the questions of several plans. `joined`: in one call of answer(), by a plan that holds
// questions of all of them. `in_turn`: one plan after the other.
enum class Company { joined, in_turn };

class BatchApi;  // models/batch_api.hpp

class Provider {
 public:
  virtual ~Provider() = default;
  virtual const ProviderFacts& facts() const = 0;

  // Answers what `exchange` gives until it gives no more and nothing is in flight. Blocks. Throws whatever the
  // exchange throws, having dropped what was in flight.
  virtual void answer(const Plan& plan, Exchange& exchange) = 0;

  // From now on asks without what was refused, or in the next way; facts() change with it, and so do the keys. Returns
  // false if that is not what would be sent now, or if there is no other way.
  virtual bool heed(const ServerRefusal& /*refusal*/) { return false; }

  // Why the model cannot be read by that readout; empty if it can.
  virtual std::string why_not(Readout readout) const {
    if (readout == Readout::frequency) return "it only plays numbers written in advance";
    if (readout == Readout::decision) return "it writes answers and does not state a probability directly";
    return readout == Readout::verbalized ? "" : "its answers have no token probabilities";
  }

  // How many questions of a plan by Readout::decision one request can hold (Mode's "together").
  virtual std::size_t most_together() const { return 1; }

  virtual Company company() const { return Company::in_turn; }
  // Throws Error{bad_input, too_large} for a plan whose questions would surely be refused.
  virtual void require_sendable(const Plan& /*plan*/) const {}
  virtual std::size_t most_at_once() const { return 1; }  // questions that it has in flight, at most

  // Null if it has no batch API.
  virtual std::unique_ptr<BatchApi> batch_api();

  // measure/ spends it. It is kept here because it belongs to the provider, over all its runs.
  virtual RetryAllowance& retry_allowance() { return retry_allowance_; }

 private:
  RetryAllowance retry_allowance_;
};

}  // namespace heretix
