// A hosted model, or a server that speaks like one: questions over HTTP, as many at once as the provider takes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "provider/batch_api.hpp"
#include "provider/http/engine.hpp"
#include "provider/http/times.hpp"
#include "provider/http/wire.hpp"
#include "provider/price_list.hpp"
#include "provider/provider.hpp"

namespace heretix {

struct HttpProviderOptions {
  std::string provider;                // "openai"
  std::string asked_model;             // as the provider calls it, "gpt-5"
  std::string model;                   // as hashed into keys
  std::string base_url;                // without a slash at its end
  std::vector<std::string> headers{};  // the key among them; in no log
  std::string key{};                   // to blot out where a reply repeats it
  std::string key_name{};              // of the variable that holds it, for messages
  std::shared_ptr<const Wire> wire;
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

 private:
  class Conversation;  // one call of answer()
  struct Gate;         // what decides how much may be sent: limits, pace, breaker
  void state_facts();
  bool leave_out(const ServerRefusal& refusal);
  std::unique_ptr<HttpEngine> engine();  // the one of the run before, with its open connections, or a new one

  HttpProviderOptions options_;
  std::vector<ServerRefusal> left_out_;     // parameters, as they would be sent
  std::vector<ServerRefusal> fallen_back_;  // ways of asking that the server does not take
  ProviderFacts facts_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<HttpEngine> engine_;
};

// Of the server, as refusals remember it.
std::string address_of(const HttpProviderOptions& options);

// What a request's outcome means to ask/; the reply's text and bill, or the failure with what to do. The price is the
// one of the day on which the request was sent. Pure.
struct Reading {
  std::variant<Reply, Failure> outcome;
  bool is_rate_limited = false;  // turned away, not broken
  bool is_server_error = false;  // no growth, and the breaker counts it
};
Reading read_response(const HttpResponse& response, const HttpProviderOptions& options, SystemTime now,
                      const RequestTerms& terms = {});

// Of a request that is no question, whose 2xx replies hold no answer: what failed, or empty.
std::optional<Failure> failure_in(const HttpResponse& response, const HttpProviderOptions& options, SystemTime now);

}  // namespace heretix
