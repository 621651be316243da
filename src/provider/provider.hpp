// A Provider puts questions to one model and hands back what the model said, in whatever order replies come.
//
// It pulls: whenever it has room it asks the Exchange for more questions, so that no question is handed over, and
// no attempt recorded, before it can be sent. It never retries: ask/ decides, because only it knows the budget.
#pragma once

#include <chrono>
#include <cstdint>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/money.hpp"
#include "plan/plan.hpp"

namespace heretix {

// How the model stopped. Only `complete` texts are read; the others are refusals by what they are.
enum class Ending { complete, length, refused, filtered };

// What came back, before anyone judges whether it is usable. A useless reply is still a reply.
struct Reply {
  std::string text;
  Ending ending = Ending::complete;
  std::string model_version;  // as the provider named it; may be finer than what was asked for
  std::string response_id;
  std::optional<long> tokens_in;  // as billed, never estimated
  std::optional<long> tokens_out;
  double latency_ms = 0;
  std::optional<MicroUsd> billed;  // empty: unknown
};

// No reply. `unavailable`: it surely cost nothing. `in_doubt`: it may have been answered and billed. Any other kind
// ends the run: asking again would not help.
struct Failure {
  ErrorKind kind = ErrorKind::unavailable;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after;
};

struct Request {
  std::size_t question = 0;  // index into the plan's questions
  int attempt = 1;           // of its key, over all executions
  int answers_before = 0;    // 1: asked again after an unusable answer; what a seed may depend on
};

struct Delivery {
  std::size_t question = 0;
  std::variant<Reply, Failure> outcome;
};

struct Taken {
  std::vector<Request> requests;
  // With no request: when to come back, because some wait for their retry. Empty: no more will come.
  std::optional<std::chrono::steady_clock::time_point> again_at;
};

// The asking side, as a provider sees it. Called from the provider's own thread only.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // At most `most` questions. Their attempts are on disk when this returns: they may be sent.
  virtual Taken take(std::size_t most) = 0;

  // Hands over replies. They are on disk when this returns. Deliveries that came together share one commit.
  virtual void deliver(std::vector<Delivery> deliveries) = 0;

  // Whether to leave at once, dropping what is in flight.
  virtual bool abandoned() const = 0;
};

struct ProviderFacts {
  std::string provider;  // "llama", "scripted"
  std::string model;     // the name as hashed into keys
  Mode mode = Mode::live();
  std::optional<MicroUsd> max_cost_per_answer;  // empty: unknown; zero: free
  std::string cost_note;                        // shown beside the cost, e.g. "runs here"
  std::string settings = "{}";                  // what else made the answers, a JSON object; kept in the record
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual const ProviderFacts& facts() const = 0;

  // Answers what `exchange` gives until it gives no more and nothing is in flight. Blocks. Throws whatever the
  // exchange throws, having dropped what was in flight.
  virtual void answer(const Plan& plan, Exchange& exchange) = 0;
};

}  // namespace heretix
