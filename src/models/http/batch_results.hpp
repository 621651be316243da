// Results of batches, one request at a time. A damaged result counts as none: what became of its request is unknown.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <string>

#include "models/batch_api.hpp"
#include "models/http/http_provider.hpp"

namespace heretix {

// Visits the lines of a file with one JSON object a line; other lines are passed over.
void for_each_line(const std::string& text, const std::function<void(const nlohmann::json& line)>& visit);

// The outcome of one request, whose reply is read as if it had come by itself. Empty if the request succeeded but its
// reply is missing.
std::optional<BatchedOutcome> outcome_of(const std::string& cache_key, int status, const nlohmann::json& body,
                                         const HttpProviderOptions& options, const RequestTerms& terms);

// The outcome of a request that the provider says it did not process, and why. Nothing was billed.
BatchedOutcome not_processed(const std::string& cache_key, const std::string& why);
BatchedOutcome expired(const std::string& cache_key);

// An error as google.rpc.Status has it ({"code": 3, "message": …}), which Google and xAI give for one request.
std::optional<BatchedOutcome> outcome_of_rpc_error(const std::string& cache_key, const nlohmann::json& error,
                                                   const HttpProviderOptions& options, const RequestTerms& terms);

}  // namespace heretix
