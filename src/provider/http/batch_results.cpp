#include "provider/http/batch_results.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.hpp"

namespace heretix {

using nlohmann::json;

void for_each_line(const std::string& text, const std::function<void(const json& line)>& visit) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    const json parsed = parse_body(line);
    if (parsed.is_object()) visit(parsed);
  }
}

BatchedOutcome outcome_of(const std::string& cache_key, int status, const json& body,
                          const HttpProviderOptions& options) {
  HttpResponse response;
  response.status = status;
  response.body = body.is_null() ? "" : body.dump(-1, ' ', false, json::error_handler_t::replace);
  response.bytes_sent = 1;
  Reading reading = read_response(response, options, std::chrono::system_clock::now());
  // In a batch a failed request was not billed, whatever failed. One that succeeded without an answer may have been.
  if (auto* failure = std::get_if<Failure>(&reading.outcome);
      failure != nullptr && failure->kind == ErrorKind::in_doubt && status >= 400)
    failure->kind = ErrorKind::unavailable;
  return {cache_key, std::move(reading.outcome)};
}

BatchedOutcome not_processed(const std::string& cache_key, const std::string& why) {
  return {cache_key, Failure{.message = "not processed in its batch: " + on_one_line(why)}};
}

}  // namespace heretix
