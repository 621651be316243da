#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "provider/http/http_provider.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestMessage = 300;

// Numbers that no bill has: nothing asked, or text that cost nothing.
Usage believable(Usage usage, const std::string& text) {
  if (usage.input && *usage.input <= 0) usage.input.reset();
  if (usage.output && (*usage.output < 0 || (*usage.output == 0 && !text.empty()))) usage.output.reset();
  return usage;
}

std::string without_key(const std::string& text, const std::string& key) {
  return key.size() < 8 ? text : replaced(text, key, "[key]");
}

std::string shown(const std::string& message, const HttpProviderOptions& options) {
  return shortened(on_one_line(without_key(message, options.key)), kLongestMessage);
}

Reply reply_from(const HttpResponse& response, const json& body, const HttpProviderOptions& options) {
  Said said;
  if (body.is_object()) said = options.wire->read(body);
  else said.text = response.body;  // HTML, prose or nothing: an answer that no rule takes
  Reply reply;
  reply.usage = believable(said.usage, said.text);
  reply.text = without_key(said.text, options.key);
  reply.ending = said.ending;
  reply.finish = std::move(said.finish);
  reply.model_version = shortened(std::move(said.model), kMaxModelCharacters);
  reply.response_id = shortened(std::move(said.response_id), 200);
  reply.logprobs = std::move(said.logprobs);
  reply.latency_ms = response.milliseconds;
  if (options.price) reply.billed = cost_of(*options.price, reply.usage);
  return reply;
}

// Only a parameter that was sent and may be left out.
std::string refused_parameter(const ProviderError& error, const OptionalParameters& sent) {
  const auto names = [&](const std::string& word) {
    if (error.parameter == word || error.parameter.starts_with(word + ".")) return true;
    return error.message.find(word) != std::string::npos && (error.message.find("support") != std::string::npos ||
                                                             error.message.find("deprecated") != std::string::npos ||
                                                             error.message.find("not enabled") != std::string::npos ||
                                                             error.message.find("not allowed") != std::string::npos ||
                                                             error.message.find("Unknown name") != std::string::npos);
  };
  if (sent.temperature && names("temperature")) return "temperature";
  if (sent.logprobs && (names("logprobs") || names("top_logprobs") || names("include") || names("Logprobs")))
    return "logprobs";
  if (!sent.effort.empty() && (names("reasoning") || names("reasoning_effort") || names("effort") || names("thinking")))
    return "reasoning";
  return {};
}

std::string host_of(const std::string& url) {
  const std::size_t start = url.find("://");
  if (start == std::string::npos) return {};
  const std::size_t end = url.find_first_of("/?#", start + 3);
  return url.substr(start + 3, end == std::string::npos ? end : end - start - 3);
}

std::string hint_for(const HttpResponse& response, const Decision& decision, const HttpProviderOptions& options) {
  if (response.event == Event::untrusted_certificate)
    return "check the address; for a certificate of your own set SSL_CERT_FILE to its authority";
  if (response.event == Event::malformed_address || (response.status >= 300 && response.status < 400))
    return "correct the base URL (--base-url)";
  if (decision.next == Next::park) {
    if (decision.wait)
      return fmt::format("go on in {} s: the same command asks only for what is missing",
                         (decision.wait->count() + 999) / 1000);
    return "see to the account's quota or credit; then the same command asks only for what is missing";
  }
  if (response.status == 401 || response.status == 403)
    return fmt::format("check the key in {} (heretix keys list)", options.key_name);
  if (response.status == 404) return "check the model's name and the base URL";
  return {};
}

std::string what_happened(const HttpResponse& response, const ProviderError& error,
                          const HttpProviderOptions& options) {
  if (response.event != Event::replied)
    return fmt::format("{}: {}", options.provider, shown(response.trouble, options));
  std::string text = fmt::format("{}: HTTP {}", options.provider, response.status);
  if (!error.code.empty()) text += " " + shown(error.code, options);
  if (!error.message.empty()) text += ": " + shown(error.message, options);
  const std::string_view to = response.headers.value("location");
  if (response.status >= 300 && response.status < 400 && !to.empty())
    text += fmt::format(" redirects to {}, which is not followed", shown(host_of(std::string(to)), options));
  return text;
}

Failure failure_from(const HttpResponse& response, const ProviderError& error, const Decision& decision,
                     const HttpProviderOptions& options) {
  Failure failure{.message = what_happened(response, error, options), .retry_after = decision.wait};
  failure.hint = hint_for(response, decision, options);
  switch (decision.next) {
    case Next::answer:
    case Next::retry: failure.kind = ErrorKind::unavailable; break;
    case Next::retry_once: failure.kind = ErrorKind::in_doubt; break;
    case Next::leave_out:
      failure.kind = ErrorKind::bad_input;
      failure.refused_parameter = refused_parameter(error, options.optional);
      break;
    case Next::stop: failure.kind = decision.kind; break;
    case Next::park: failure.kind = ErrorKind::stopped; break;
  }
  return failure;
}

}  // namespace

Reading read_response(const HttpResponse& response, const HttpProviderOptions& options, SystemTime now) {
  const json body = parse_body(response.body);
  const ProviderError error = read_error(body);
  Happening happening{.event = response.event, .status = response.status, .error_code = error.code};
  happening.has_error_body = error.is_error;
  happening.names_optional = !refused_parameter(error, options.optional).empty();
  happening.retry_after = retry_after(response.headers, now);
  if (!happening.retry_after) happening.retry_after = error.retry_after;
  happening.redirect_host = host_of(std::string(response.headers.value("location")));
  happening.own_host = host_of(options.base_url);
  happening.bytes_sent = response.bytes_sent;
  happening.bytes_received = response.bytes_received;
  const Decision decision = decide(happening);
  if (decision.next == Next::answer) return {.outcome = reply_from(response, body, options)};
  const bool turned_away = response.event == Event::replied && (response.status == 429 || response.status == 529);
  return {.outcome = failure_from(response, error, decision, options),
          .is_rate_limited = turned_away,
          .is_server_error = !turned_away && (decision.next == Next::retry || decision.next == Next::retry_once)};
}

}  // namespace heretix
