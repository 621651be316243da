#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "models/http/http_provider.hpp"
#include "models/http/refusal.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestMessage = 300;
constexpr std::size_t kLongestFinish = 100;

// Numbers that no bill has: nothing asked, or text that cost nothing.
Usage believable(Usage usage, const std::string& text) {
  if (usage.input && *usage.input <= 0) usage.input.reset();
  if (usage.output && (*usage.output < 0 || (*usage.output == 0 && !text.empty()))) usage.output.reset();
  return usage;
}

std::string without_key(const std::string& text, const std::string& key) {
  return key.size() < 8 ? text : replaced(text, {key, "[key]"});
}

std::string shown(const std::string& message, const HttpProviderOptions& options) {
  return shortened(on_one_line(without_key(message, options.key)), kLongestMessage);
}

// What the reply says decides. What is not in its body may be in a header (Gemini's tier) or in the address (OpenAI's
// regions).
void complete_usage(const HttpResponse& response, const HttpProviderOptions& options, const RequestTerms& terms,
                    Usage& usage) {
  if (usage.service_tier.empty()) usage.service_tier = to_lower_ascii(response.headers.value("x-gemini-service-tier"));
  if (usage.region.empty()) usage.region = options.region;
  if (terms.max_output_tokens > 0 && usage.output.value_or(0) > terms.max_output_tokens) usage.cannot_be_true = true;
}

std::optional<Usd> bill_of(const HttpResponse& response, const HttpProviderOptions& options, SystemTime now,
                           const RequestTerms& terms, const Usage& usage) {
  const auto took = std::chrono::milliseconds(static_cast<std::int64_t>(response.milliseconds));
  const auto day = std::chrono::floor<std::chrono::days>(terms.sent_at.value_or(now - took));
  const std::optional<Price> price = options.prices.on(day);
  if (price) return cost_of(terms.by_decisions ? for_decisions(*price) : *price, usage);
  return usage.charged || usage.charge_is_unclear ? cost_of(Price{}, usage) : std::nullopt;
}

// Servers send comment lines (": still working") and blank ones to keep a connection open, and then the reply.
std::string_view without_comments(std::string_view body) {
  std::string_view rest = body;
  for (;;) {
    const std::size_t start = rest.find_first_not_of(kWhiteSpace);
    if (start == std::string_view::npos) return {};
    rest.remove_prefix(start);
    if (!rest.starts_with(':')) return rest;
    rest.remove_prefix(std::min(rest.find('\n'), rest.size()));
  }
}

// Why a 2xx body that is no JSON object holds no answer.
std::string what_it_is(std::string_view body, const json& parsed) {
  if (body.empty()) return "the reply is empty";
  if (body.starts_with("data:") || body.starts_with("event:"))
    return "the reply is an event stream, which was not requested";
  if (!parsed.is_null()) return "the reply is JSON, but not an object";
  if (body.starts_with('{') || body.starts_with('[')) return "the reply is incomplete JSON";
  return "the reply is not JSON: " + read_plain_error(body).message;
}

Said said_in(std::string_view body, const json& parsed, const HttpProviderOptions& options) {
  if (parsed.is_object()) {
    Said said = options.wire->read(parsed);
    if (said.no_answer.empty() && said.ending == Ending::failed)
      said.no_answer = fmt::format("the provider broke off its answer ({})", said.finish);
    if (said.no_answer.empty() && said.finish.empty() && said.text.empty())
      said.no_answer = "the reply contains neither text nor a reason why it ended";
    said.usage = believable(said.usage, said.text);
    return said;
  }
  Said said;
  said.no_answer = what_it_is(body, parsed);
  return said;
}

Reply reply_from(Said said, std::optional<Usd> bill, const HttpResponse& response, const HttpProviderOptions& options) {
  Reply reply;
  reply.billed = bill;
  reply.usage = said.usage;
  reply.text = without_key(said.text, options.key);
  reply.ending = said.ending;
  reply.leans_on_source = said.leans_on_source;
  reply.finish = shortened(on_one_line(said.finish), kLongestFinish);
  reply.model_version = shortened(std::move(said.model), kMaxModelCharacters);
  reply.response_id = shortened(std::move(said.response_id), 200);
  reply.logprobs = std::move(said.logprobs);
  reply.notice = shown(said.notice, options);
  reply.latency_ms = response.milliseconds;
  return reply;
}

// A question that was filtered, or whose answer the server did not let through: one unusable answer. What it cost is
// known only where its usage came with it.
Reply unusable_reply(const ProviderError& error, Said said, std::optional<Usd> bill, const HttpResponse& response,
                     const HttpProviderOptions& options) {
  const bool is_filtered = error.cause == Cause::filtered;
  said.ending = is_filtered ? Ending::filtered : Ending::complete;
  said.text = is_filtered ? error.message : error.said;
  said.finish = error.code;
  return reply_from(std::move(said), bill, response, options);
}

// Where a reply's Location points, as "host" or "host:port"; empty where it says none that can be read.
std::string redirect_authority(const HttpResponse& response, const HttpProviderOptions& options) {
  const std::string_view location = response.headers.value("location");
  if (location.empty()) return {};
  const auto base = parse_url(options.base_url);
  const auto target = base ? resolve_url(*base, location) : std::nullopt;
  return target ? target->authority() : "";
}

// Waits of minutes are told in seconds, and longer ones by the day they end on.
std::string when_to_go_on(const ProviderError& error, std::optional<std::chrono::milliseconds> wait, SystemTime now) {
  const auto day = day_to_go_on(error, wait, now);
  if (!day)
    return "raise the account's quota or credit, then run the same command again; it asks only for what is missing";
  const std::string date = utc_day(std::chrono::duration_cast<std::chrono::seconds>(day->time_since_epoch()).count());
  const bool by_wait = !error.resumes_on && wait && error.renewal == Renewal::unknown;
  if (by_wait)
    return fmt::format("wait {} s ({}, UTC), then run the same command again; it asks only for what is missing",
                       (wait->count() + 999) / 1000, date);
  return fmt::format(
      "wait until {} (UTC) or raise the limit, then run the same command again; it asks only for what is missing",
      date);
}

std::string hint_of(const ProviderError& error, const HttpProviderOptions& options) {
  switch (error.cause) {
    case Cause::wrong_key: return fmt::format("check the key in {} (heretix keys list)", options.key_name);
    case Cause::region:
      return fmt::format("{} does not serve the country or region that the request came from; see its list of regions",
                         options.provider);
    case Cause::unverified:
      return "verify the organisation in the provider's settings, which takes effect after some minutes, or choose "
             "another model";
    case Cause::retired_model: return "the model is retired; choose its successor (heretix models)";
    default: return {};
  }
}

// Where another value would be taken the person chooses it: leaving the parameter out would measure something else.
std::string hint_for_value(const Refused& refused) {
  return fmt::format("give --{0} {1}, or leave --{0} out", refused.parameter,
                     refused.allowed.empty() ? "a value that it takes" : "one of: " + refused.allowed);
}

std::string hint_for(const HttpResponse& response, const ProviderError& error, const Refused& refused,
                     const Decision& decision, const HttpProviderOptions& options, SystemTime now) {
  if (refused.kind == RefusedKind::value && decision.next == Next::stop) return hint_for_value(refused);
  if (response.event == Event::untrusted_certificate)
    return "check the address; if the server has your own certificate, set SSL_CERT_FILE to the authority that signed "
           "it";
  if (response.event == Event::no_tunnel)
    return "check the proxy's address, user name and password (HTTPS_PROXY), or exempt this host from it (NO_PROXY)";
  if (response.event == Event::malformed_address || (response.status >= 300 && response.status < 400))
    return "correct the base URL (--base-url)";
  if (decision.next == Next::park) return when_to_go_on(error, decision.wait, now);
  if (std::string hint = hint_of(error, options); !hint.empty()) return hint;
  if (response.status == 401 || response.status == 403)
    return fmt::format("check the key in {} (heretix keys list)", options.key_name);
  if (response.status == 404) return "check the model's name and the base URL";
  return {};
}

std::string what_happened(const HttpResponse& response, const ProviderError& error, const std::string& no_answer,
                          const HttpProviderOptions& options) {
  if (response.event != Event::replied)
    return fmt::format("{}: {}", options.provider, shown(response.trouble, options));
  std::string text = fmt::format("{}: HTTP {}", options.provider, response.status);
  if (!no_answer.empty()) text += " without an answer";
  if (!error.code.empty()) text += " " + shown(error.code, options);
  if (!error.message.empty()) text += ": " + shown(error.message, options);
  else if (!no_answer.empty()) text += ": " + shown(no_answer, options);
  const std::string to = redirect_authority(response, options);
  if (response.status >= 300 && response.status < 400 && !to.empty())
    text += fmt::format(" redirects to {}, which is not followed", shown(to, options));
  return text;
}

// What is asked of a model by the wrong API, and how it would be read.
std::string hint_for_other_api(const HttpProviderOptions& options, bool asks_for_decisions) {
  if (!asks_for_decisions)
    return fmt::format("{} states a probability and writes no text; use --readout decision{}", options.asked_model,
                       options.decisions == nullptr ? ", with the model's name under openrouter/ or systemone/" : "");
  return fmt::format("{} is not a decision model; use --readout verbalized{}", options.asked_model,
                     options.wire == nullptr ? ", as openai-compatible/NAME with --base-url" : "");
}

Failure failure_from(const HttpResponse& response, const ProviderError& error, const Refused& refused, const Said& said,
                     std::optional<Usd> bill, const Decision& decision, const HttpProviderOptions& options,
                     SystemTime now) {
  Failure failure{.message = what_happened(response, error, said.no_answer, options), .retry_after = decision.wait};
  failure.hint = hint_for(response, error, refused, decision, options, now);
  failure.billed = bill;
  switch (decision.next) {
    case Next::answer:
    case Next::unusable:
    case Next::retry: failure.kind = ErrorKind::unavailable; break;
    case Next::retry_once: failure.kind = ErrorKind::in_doubt; break;
    case Next::leave_out:
      failure.kind = ErrorKind::bad_input;
      failure.refusal = ServerRefusal{
          .address = address_of(options),
          .model = options.model,
          .parameter = refused.parameter,
          .value = refused.value,
          .sent_with = refused.kind == RefusedKind::parameter ? sent_beside(options.optional, refused.parameter) : "",
          .message = failure.message};
      break;
    case Next::stop: failure.kind = decision.kind; break;
    case Next::park:
      failure.kind = decision.billed == Billed::maybe ? ErrorKind::in_doubt : ErrorKind::stopped;
      failure.parks_run = true;
      break;
  }
  return failure;
}

// The account may not ask any more: no other question would be answered either.
Failure disabled(const HttpResponse& response, const Said& said, std::optional<Usd> bill,
                 const HttpProviderOptions& options) {
  return {
      .kind = ErrorKind::not_allowed,
      .message = fmt::format("{}: HTTP {} without an answer: {}", options.provider, response.status, said.finish),
      .billed = bill,
      .hint =
          "the provider has limited or disabled this account under its terms of use; settle this with the provider"};
}

bool is_success(const HttpResponse& response) {
  return response.event == Event::replied && response.status >= 200 && response.status < 300;
}

ProviderError error_in(std::string_view body, const json& parsed) {
  return parsed.is_structured() ? read_error(parsed) : read_plain_error(body);
}

std::optional<bool> should_retry(const Headers& headers) {
  const std::string_view word = headers.value("x-should-retry");
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

Refused refused_by(const ProviderError& error, const HttpProviderOptions& options) {
  return read_refusal(error, options.optional, options.way, *options.wire);
}

Happening happening_of(const HttpResponse& response, const ProviderError& error, const Refused& refused,
                       const Said& said, const HttpProviderOptions& options, SystemTime now) {
  Happening happening{.event = response.event, .status = response.status, .cause = error.cause};
  happening.has_answer = said.no_answer.empty();
  // An error in the envelope of a success counts by its code.
  if (is_success(response) && !happening.has_answer && error.is_error && error.status != 0)
    happening.status = error.status;
  happening.has_error_body = error.is_its_own;
  happening.names_optional = refused.kind == RefusedKind::parameter || refused.kind == RefusedKind::way;
  happening.should_retry = should_retry(response.headers);
  happening.retry_after = retry_after(response.headers, now);
  if (!happening.retry_after) happening.retry_after = error.retry_after;
  happening.redirect_host = redirect_authority(response, options);
  if (const auto own = parse_url(options.base_url)) happening.own_host = own->authority();
  happening.bytes_sent = response.bytes_sent;
  happening.bytes_received = response.bytes_received;
  return happening;
}

// A response with all that its meaning depends on.
struct Received {
  Received(const HttpResponse& response_, const HttpProviderOptions& options_, SystemTime now_, RequestTerms terms_)
      : response(response_),
        options(options_),
        now(now_),
        terms(terms_),
        text(without_comments(response_.body)),
        body(parse_body(text)) {}

  const HttpResponse& response;
  const HttpProviderOptions& options;
  SystemTime now;
  RequestTerms terms;
  std::string_view text;
  json body;
};

// A decision model writes nothing, so no limit of its output was sent.
RequestTerms of_decisions(RequestTerms terms) {
  terms.by_decisions = true;
  terms.max_output_tokens = 0;
  return terms;
}

StatedTogether stated_in(const Received& received, std::span<const Statement> statements) {
  StatedTogether stated;
  if (!received.body.is_object()) {
    stated.request.no_answer = what_it_is(received.text, received.body);
    return stated;
  }
  stated = received.options.decisions->read(received.body, statements);
  Said& request = stated.request;
  request.usage = believable(request.usage, "");
  if (request.model.empty()) request.model = received.options.asked_model;
  if (request.response_id.empty()) request.response_id = received.response.headers.value("x-typesafe-request-id");
  return stated;
}

// What follows where the response holds no answer.
Reading reading_without_answer(const Received& received, Said said, std::optional<Usd> bill) {
  const auto& [response, options, now, terms, text, body] = received;
  const ProviderError error = is_success(response) && !body.is_structured() ? ProviderError{} : error_in(text, body);
  const Refused refused = terms.by_decisions ? Refused{} : refused_by(error, options);
  Happening happening = happening_of(response, error, refused, said, options, now);
  if (terms.by_decisions) happening.conflict_passes = options.decisions->retries_conflicts();
  happening.is_of_other_api =
      terms.by_decisions ? is_no_decision_model(error, happening.status) : is_decision_model(error, happening.status);

  const Decision decision = decide(happening);
  if (decision.next == Next::unusable)
    return {.outcome = unusable_reply(error, std::move(said), bill, response, options)};
  const bool turned_away = response.event == Event::replied && (happening.status == 429 || happening.status == 529);
  Failure failure = failure_from(response, error, refused, said, bill, decision, options, now);
  if (happening.is_of_other_api) failure.hint = hint_for_other_api(options, terms.by_decisions);
  return {.outcome = std::move(failure),
          .is_rate_limited = turned_away,
          .is_server_error = !turned_away && (decision.next == Next::retry || decision.next == Next::retry_once)};
}

Reading reading_of(const Received& received, Said said) {
  const auto& [response, options, now, terms, text, body] = received;
  complete_usage(response, options, terms, said.usage);
  const std::optional<Usd> bill = bill_of(response, options, now, terms, said.usage);
  if (!is_success(response) || !said.no_answer.empty()) return reading_without_answer(received, std::move(said), bill);
  if (said.ending == Ending::disabled) return {.outcome = disabled(response, said, bill, options)};
  return {.outcome = reply_from(std::move(said), bill, response, options)};
}

}  // namespace

Reading read_response(const HttpResponse& response, const HttpProviderOptions& options, SystemTime now,
                      const RequestTerms& terms) {
  const Received received(response, options, now, terms);
  Said said;
  if (is_success(response)) said = said_in(received.text, received.body, options);
  return reading_of(received, std::move(said));
}

Reading read_decisions(const HttpResponse& response, const HttpProviderOptions& options,
                       std::span<const Statement> statements, SystemTime now, const RequestTerms& terms) {
  const Received received(response, options, now, of_decisions(terms));
  StatedTogether stated;
  if (is_success(response)) stated = stated_in(received, statements);
  Reading reading = reading_of(received, std::move(stated.request));
  if (!std::holds_alternative<Reply>(reading.outcome)) return reading;

  for (Stated& answer : stated.answers) {
    answer.text = without_key(answer.text, options.key);
    answer.finish = shortened(on_one_line(answer.finish), kLongestFinish);
    answer.notice = shown(answer.notice, options);
  }
  reading.answers = std::move(stated.answers);
  return reading;
}

std::optional<Failure> failure_in(const HttpResponse& response, const HttpProviderOptions& options, SystemTime now) {
  if (is_success(response)) return std::nullopt;
  const std::string_view text = without_comments(response.body);
  const ProviderError error = error_in(text, parse_body(text));
  const Refused refused = options.wire ? refused_by(error, options) : Refused{};
  Happening happening = happening_of(response, error, refused, {}, options, now);
  happening.cause = error.cause == Cause::filtered || error.cause == Cause::failed_form ? Cause::unnamed : error.cause;
  return failure_from(response, error, refused, {}, std::nullopt, decide(happening), options, now);
}

}  // namespace heretix
