// Results of batches, one request's at a time. A result that is damaged is none: what became of its request is unknown.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <string>

#include "models/batch_api.hpp"
#include "models/http/http_provider.hpp"

namespace heretix {

// Of a file with a JSON object a line; lines that are none are passed over.
void for_each_line(const std::string& text, const std::function<void(const nlohmann::json& line)>& visit);

// One request's reply, read as if it had come by itself. Empty: it succeeded, but its reply is not there.
std::optional<BatchedOutcome> outcome_of(const std::string& cache_key, int status, const nlohmann::json& body,
                                         const HttpProviderOptions& options, const RequestTerms& terms);

// The provider says that it did not process it, and why: nothing was billed.
BatchedOutcome not_processed(const std::string& cache_key, const std::string& why);
BatchedOutcome expired(const std::string& cache_key);

// An error as google.rpc.Status has it ({"code": 3, "message": …}), which Google and xAI give for one request.
std::optional<BatchedOutcome> outcome_of_rpc_error(const std::string& cache_key, const nlohmann::json& error,
                                                   const HttpProviderOptions& options, const RequestTerms& terms);

}  // namespace heretix
