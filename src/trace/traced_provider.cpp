#include "trace/traced_provider.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/url.hpp"
#include "models/batch_api.hpp"
#include "trace/tracer.hpp"

namespace heretix::trace {
namespace {

using nlohmann::json;

// As the conventions name those that they know; ours otherwise.
std::string provider_name(const std::string& provider) {
  if (provider == "gemini") return "gcp.gemini";
  if (provider == "xai") return "x_ai";
  return provider;
}

std::string operation_name(const std::string& provider) { return provider == "gemini" ? "generate_content" : "chat"; }

// As the provider itself calls it: keys name some models with the provider in front.
std::string requested_model(const ProviderFacts& facts) {
  const std::string prefix = facts.provider + "/";
  const std::string& model = facts.model.text();
  return model.starts_with(prefix) ? model.substr(prefix.size()) : model;
}

bool runs_here(const ProviderFacts& facts) { return facts.address.empty(); }

void set_number(Span& span, std::string_view key, const std::string& text) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && failed == std::errc{} && end == text.data() + text.size()) span.set(key, number);
}

void set_count(Span& span, std::string_view key, const std::optional<long>& count) {
  if (count) span.set(key, std::int64_t{*count});
}

void set_who(Span& span, const ProviderFacts& facts, const std::string& operation) {
  span.set("gen_ai.operation.name", operation);
  span.set("gen_ai.provider.name", provider_name(facts.provider));
  span.set("gen_ai.request.model", requested_model(facts));
  if (runs_here(facts)) return;
  const auto url = parse_url(facts.address);
  if (!url) return;
  const bool is_encrypted = url->is_encrypted();
  span.set("server.address", url->host);
  span.set("server.port", std::int64_t{url->port.value_or(is_encrypted ? 443 : 80)});
}

void set_usage(Span& span, const Usage& usage) {
  set_count(span, "gen_ai.usage.input_tokens", usage.input);
  set_count(span, "gen_ai.usage.cache_read.input_tokens", usage.cached_input);
  set_count(span, "gen_ai.usage.cache_creation.input_tokens", usage.cache_writes);
  set_count(span, "gen_ai.usage.output_tokens", usage.output);
  set_count(span, "gen_ai.usage.reasoning.output_tokens", usage.reasoning);
}

json text_part(const std::string& text) { return {{"type", "text"}, {"content", text}}; }

json message(const char* role, const std::string& text) {
  return {{"role", role}, {"parts", json::array({text_part(text)})}};
}

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

void set_input(Span& span, const Plan& plan, const Question& question) {
  if (!plan.system_text.empty())
    span.set("gen_ai.system_instructions", dumped(json::array({text_part(plan.system_text)})));
  json messages = json::array({message("user", question.user_text)});
  if (!question.begun.empty()) messages.push_back(message("assistant", question.begun));
  span.set("gen_ai.input.messages", dumped(messages));
}

void set_output(Span& span, const Reply& reply) {
  json output = message("assistant", reply.text);
  output["finish_reason"] = reply.finish;
  span.set("gen_ai.output.messages", dumped(json::array({output})));
}

// Makes the spans of one call of answer(). Called by one thread at a time, as every Exchange is.
class TracedExchange final : public Exchange {
 public:
  TracedExchange(const Plan& plan, Provider& provider, Exchange& exchange, std::optional<SpanContext> parent)
      : plan_(plan), provider_(provider), exchange_(exchange), parent_(std::move(parent)) {
    const Tracer* tracer = trace::tracer();
    shows_claims_ = tracer != nullptr && tracer->shows_claims();
  }

  // What was asked again and again without an answer ended with its last failure; what is still in flight was dropped.
  ~TracedExchange() override {
    for (auto& [question, open] : open_) {
      if (!open.failed_at) open.span.fail("abandoned");
      else open.span.fail(open.error_type, open.what);
      if (open.failed_at) open.span.end_at(*open.failed_at);
    }
  }
  TracedExchange(const TracedExchange&) = delete;
  TracedExchange& operator=(const TracedExchange&) = delete;

  Taken turn(std::vector<Delivery> deliveries, std::size_t most) override {
    for (const Delivery& delivery : deliveries) on_delivery(delivery);
    Taken taken = exchange_.turn(std::move(deliveries), most);
    for (const Request& request : taken.requests) on_taken(request);
    return taken;
  }
  void tell_wait(const std::string& why) override { exchange_.tell_wait(why); }
  void tell_work(const WorkDone& work) override { exchange_.tell_work(work); }
  bool abandoned() const override { return exchange_.abandoned(); }
  void on_refused_elsewhere(const ServerRefusal& refusal) override { exchange_.on_refused_elsewhere(refusal); }

 private:
  struct Open {
    Span span;
    std::optional<std::chrono::system_clock::time_point> failed_at{};  // empty: in flight
    std::string error_type{};
    std::string what{};
    std::int64_t attempts = 1;  // by this span
  };

  void on_taken(const Request& request) {
    const auto known = open_.find(request.question);
    if (known != open_.end()) {
      known->second.failed_at.reset();
      ++known->second.attempts;
      return;
    }

    const ProviderFacts& facts = provider_.facts();
    const std::string operation = operation_name(facts.provider);
    Open open{.span = Span(fmt::format("{} {}", operation, requested_model(facts)),
                           runs_here(facts) ? SpanKind::internal : SpanKind::client, parent_)};
    if (!open.span.is_kept()) return;

    const Question& question = plan_.questions[request.question];
    Span& span = open.span;
    set_who(span, facts, operation);
    span.set("gen_ai.request.max_tokens", std::int64_t{plan_.recipe.sampling.max_output_tokens});
    set_number(span, "gen_ai.request.temperature", facts.mode.value("temperature"));
    span.set("heretix.template", std::int64_t{question.paraphrase_idx});
    span.set("heretix.replicate", std::int64_t{question.replicate_idx});
    span.set("heretix.attempt", std::int64_t{request.attempt});
    if (shows_claims_) set_input(span, plan_, question);
    open_.emplace(request.question, std::move(open));
  }

  void on_delivery(const Delivery& delivery) {
    const auto known = open_.find(delivery.question);
    if (known == open_.end()) return;
    if (const auto* reply = std::get_if<Reply>(&delivery.outcome)) {
      on_reply(known->second, *reply);
      open_.erase(known);
    } else {
      on_failure(known->second, std::get<Failure>(delivery.outcome));
    }
  }

  void on_reply(Open& open, const Reply& reply) const {
    Span& span = open.span;
    if (!reply.model_version.empty()) span.set("gen_ai.response.model", reply.model_version);
    if (!reply.response_id.empty()) span.set("gen_ai.response.id", reply.response_id);
    if (!reply.finish.empty()) span.set("gen_ai.response.finish_reasons", std::vector<std::string>{reply.finish});
    set_usage(span, reply.usage);
    if (reply.billed) span.set("heretix.cost.usd", reply.billed->dollars());
    if (open.attempts > 1) span.set("heretix.attempts", open.attempts);
    if (shows_claims_) set_output(span, reply);
    span.end();
  }

  // A provider may repeat the claim in its message, so the message is sent only where claims are.
  void on_failure(Open& open, const Failure& failure) const {
    open.failed_at = std::chrono::system_clock::now();
    open.error_type = to_word(failure.kind);
    if (shows_claims_) open.what = failure.message;

    Attributes attributes = {{"error.type", open.error_type}};
    if (shows_claims_) attributes.push_back({"exception.message", failure.message});
    if (failure.retry_after)
      attributes.push_back({"heretix.retry_after", static_cast<double>(failure.retry_after->count()) / 1000});
    open.span.event("heretix.attempt_failed", std::move(attributes));
  }

  const Plan& plan_;
  Provider& provider_;
  Exchange& exchange_;
  std::optional<SpanContext> parent_;
  bool shows_claims_ = false;
  std::map<std::size_t, Open> open_;  // by question
};

// A call of the batch API is a span. What it throws ends the span with its kind.
template <class Call>
auto in_span(const char* operation, const ProviderFacts& facts, const Call& call) {
  Span span(fmt::format("{} {}", operation, requested_model(facts)), SpanKind::client);
  if (span.is_kept()) set_who(span, facts, operation);
  try {
    return call(span);
  } catch (const Error& e) {
    span.fail(to_word(e.kind()));
    throw;
  }
}

class TracedBatchApi final : public BatchApi {
 public:
  TracedBatchApi(std::unique_ptr<BatchApi> api, Provider& provider) : api_(std::move(api)), provider_(provider) {}

  std::size_t most_questions() const override { return api_->most_questions(); }

  std::string submit(const Plan& plan, const std::vector<Request>& requests, const std::string& name) override {
    return in_span("submit_batch", provider_.facts(), [&](Span& span) {
      span.set("heretix.questions", static_cast<std::int64_t>(requests.size()));
      std::string id = api_->submit(plan, requests, name);
      span.set("heretix.batch.id", id);
      return id;
    });
  }

  std::optional<std::string> find(const std::string& name, std::size_t questions, long long submitted_at) override {
    return api_->find(name, questions, submitted_at);
  }
  BatchStatus status(const std::string& id) override { return api_->status(id); }

  std::vector<BatchedOutcome> fetch(const std::string& id, const RequestTerms& terms) override {
    return in_span("fetch_batch", provider_.facts(), [&](Span& span) {
      span.set("heretix.batch.id", id);
      std::vector<BatchedOutcome> outcomes = api_->fetch(id, terms);
      if (span.is_kept()) set_totals(span, outcomes);
      return outcomes;
    });
  }

 private:
  static void set_totals(Span& span, const std::vector<BatchedOutcome>& outcomes) {
    std::int64_t input = 0, output = 0, failed = 0;
    Usd billed;
    for (const BatchedOutcome& one : outcomes) {
      const auto* reply = std::get_if<Reply>(&one.outcome);
      if (reply == nullptr) {
        ++failed;
        continue;
      }
      input += reply->usage.input.value_or(0);
      output += reply->usage.output.value_or(0);
      billed += reply->billed.value_or(Usd());
    }
    span.set("heretix.questions", static_cast<std::int64_t>(outcomes.size()));
    span.set("heretix.questions.failed", failed);
    span.set("gen_ai.usage.input_tokens", input);
    span.set("gen_ai.usage.output_tokens", output);
    span.set("heretix.cost.usd", billed.dollars());
  }

  std::unique_ptr<BatchApi> api_;
  Provider& provider_;
};

class TracedProvider final : public Provider {
 public:
  explicit TracedProvider(Provider& provider) : provider_(provider) {}

  const ProviderFacts& facts() const override { return provider_.facts(); }
  void answer(const Plan& plan, Exchange& exchange) override {
    TracedExchange traced(plan, provider_, exchange, current());
    provider_.answer(plan, traced);
  }
  bool heed(const ServerRefusal& refusal) override { return provider_.heed(refusal); }
  std::string why_not(Readout readout) const override { return provider_.why_not(readout); }
  std::size_t most_together() const override { return provider_.most_together(); }
  Company company() const override { return provider_.company(); }
  void require_sendable(const Plan& plan) const override { provider_.require_sendable(plan); }
  std::size_t most_at_once() const override { return provider_.most_at_once(); }
  std::unique_ptr<BatchApi> batch_api() override {
    auto api = provider_.batch_api();
    return api ? std::make_unique<TracedBatchApi>(std::move(api), provider_) : nullptr;
  }
  RetryAllowance& retry_allowance() override { return provider_.retry_allowance(); }

 private:
  Provider& provider_;
};

}  // namespace

std::unique_ptr<Provider> traced(Provider& provider) { return std::make_unique<TracedProvider>(provider); }

}  // namespace heretix::trace
