#include "models/http/batch_results.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr int kBadRequest = 400;
constexpr int kRpcInvalidArgument = 3;  // google.rpc.Code

bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

void for_each_line(const std::string& text, const std::function<void(const json& line)>& visit) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    const json parsed = parse_body(line);
    if (parsed.is_object()) visit(parsed);
  }
}

std::optional<BatchedOutcome> outcome_of(const std::string& cache_key, int status, const json& body,
                                         const HttpProviderOptions& options, const RequestTerms& terms) {
  if (is_success(status) && !body.is_object()) return std::nullopt;
  HttpResponse response;
  response.status = status;
  response.body = body.is_null() ? "" : body.dump(-1, ' ', false, json::error_handler_t::replace);
  response.bytes_sent = 1;
  Reading reading = read_response(response, options, std::chrono::system_clock::now(), terms);

  // In a batch a failed request was not billed, whatever failed. One that succeeded without an answer may have been.
  if (auto* failure = std::get_if<Failure>(&reading.outcome);
      failure != nullptr && failure->kind == ErrorKind::in_doubt && !is_success(status))
    failure->kind = ErrorKind::unavailable;
  return BatchedOutcome{cache_key, std::move(reading.outcome)};
}

BatchedOutcome not_processed(const std::string& cache_key, const std::string& why) {
  return {cache_key, Failure{.message = "not processed in its batch: " + on_one_line(why)}};
}

BatchedOutcome expired(const std::string& cache_key) {
  return {cache_key, Failure{.message = "its batch expired before it was processed"}};
}

std::optional<BatchedOutcome> outcome_of_rpc_error(const std::string& cache_key, const json& error,
                                                   const HttpProviderOptions& options, const RequestTerms& terms) {
  if (!error.is_object()) return std::nullopt;
  const long code = tokens_of(error, "code").value_or(0);
  const std::string message = text_of(error, "message");
  if (code == 0 && message.empty()) return std::nullopt;
  if (code != kRpcInvalidArgument && code != kBadRequest) return not_processed(cache_key, message);
  return outcome_of(cache_key, kBadRequest, {{"error", {{"message", message}, {"status", "INVALID_ARGUMENT"}}}},
                    options, terms);
}

}  // namespace heretix
