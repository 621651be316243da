// A hosted model, or a server that speaks like one: questions over HTTP, as many at once as the provider takes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/identity.hpp"
#include "models/batch_api.hpp"
#include "models/http/decision_wire.hpp"
#include "models/http/engine.hpp"
#include "models/http/times.hpp"
#include "models/http/wire.hpp"
#include "models/price_list.hpp"
#include "models/provider.hpp"

namespace heretix {

struct HttpProviderOptions {
  std::string provider;                             // "openai"
  std::string asked_model;                          // as the provider calls it, "gpt-5"
  ModelName model;                                  // as hashed into keys
  std::string base_url;                             // without a slash at its end
  std::vector<std::string> headers{};               // the key among them; in no log
  std::string key{};                                // to blot out where a reply repeats it
  std::string key_name{};                           // of the variable that holds it, for messages
  std::shared_ptr<const Wire> wire;                 // null: it has no models that write
  std::shared_ptr<const DecisionWire> decisions{};  // null: it has no models that state a probability
  std::string why_it_writes_nothing{};              // with no `wire`: for the person who asks for another readout
  std::string server{};                             // "NAME/VERSION" where that belongs to the model's identity
  OptionalParameters optional{};
  AskingWay way{};
  PriceHistory prices{};     // of the kind of request that is made: single ones, or a batch's
  std::string price_note{};  // where the prices are from, or why there are none; for people
  std::string region{};      // that the address is bound to; empty: none
  std::size_t concurrency = 100;
  Deadlines deadlines{};
  std::string ca_file{};
  std::unique_ptr<BatchApi> (*batches)(const HttpProviderOptions&) = nullptr;  // null: it has no batch API
};

class HttpProvider final : public Provider {
 public:
  explicit HttpProvider(HttpProviderOptions options);
  ~HttpProvider() override;
  const ProviderFacts& facts() const override { return facts_; }
  void answer(const Plan& plan, Exchange& exchange) override;
  bool heed(const ServerRefusal& refusal) override;
  std::unique_ptr<BatchApi> batch_api() override;
  std::string why_not(Readout readout) const override;
  std::size_t most_together() const override;
  Company company() const override { return Company::joined; }
  void require_sendable(const Plan& plan) const override;
  std::size_t most_at_once() const override { return options_.concurrency; }

 private:
  class Conversation;  // one call of answer()
  struct Gate;         // what decides how much may be sent: limits, pace, breaker
  void state_facts();
  std::string settings_text() const;
  std::string url_for(Readout readout) const;
  std::string why_no_decisions() const;
  bool leave_out(const ServerRefusal& refusal);
  std::unique_ptr<HttpEngine> engine();  // the one of the run before, with its open connections, or a new one

  HttpProviderOptions options_;
  std::vector<ServerRefusal> left_out_;     // parameters, as they would be sent
  std::vector<ServerRefusal> fallen_back_;  // ways of asking that the server does not take
  ProviderFacts facts_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<HttpEngine> engine_;
};

// The server's address, as refusals remember it: where a model that writes is asked, else where one that states a
// probability is asked.
std::string address_of(const HttpProviderOptions& options);

// How the questions of a plan by Readout::decision are asked: how many of them in one request (Mode's "together").
// Throws Error{bad_input} if that is not a number, or is more than the service takes; too_large if a statement or its
// state is surely longer than the service takes.
std::size_t questions_together(const Plan& plan, const HttpProviderOptions& options);

// What a request's outcome means to measure/: the reply's text and bill, or the failure and what to do about it. The
// price is that of the day on which the request was sent. Pure.
struct Reading {
  std::variant<Reply, Failure> outcome;
  bool is_rate_limited = false;  // turned away, not broken
  bool is_server_error = false;  // no growth, and the breaker counts it

  // Of a decisions API, for each question of the request; the outcome is then a reply that has what they share: its
  // usage and its bill are the whole request's. Empty: the outcome itself is that of every question.
  std::vector<Stated> answers{};
};
Reading read_response(const HttpResponse& response, const HttpProviderOptions& options, SystemTime now,
                      const RequestTerms& terms = {});

// The same for a decisions API, whose request held these statements.
Reading read_decisions(const HttpResponse& response, const HttpProviderOptions& options,
                       std::span<const Statement> statements, SystemTime now, const RequestTerms& terms = {});

// The outcome of each of the request's questions. Usage and bill are shared out in whole numbers, the remainder to the
// first of them, so that their sums are the request's own.
std::vector<std::variant<Reply, Failure>> outcome_of_each(Reading reading, std::size_t questions);

// What failed in a request that is not a question, whose 2xx replies hold no answer; empty if nothing failed.
std::optional<Failure> failure_in(const HttpResponse& response, const HttpProviderOptions& options, SystemTime now);

}  // namespace heretix
