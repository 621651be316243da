// Result files of batches: a JSON object a line.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>

#include "provider/batch_api.hpp"
#include "provider/http/http_provider.hpp"

namespace heretix {

void for_each_line(const std::string& text, const std::function<void(const nlohmann::json& line)>& visit);

// One request's reply, read as if it had come by itself.
BatchedOutcome outcome_of(const std::string& cache_key, int status, const nlohmann::json& body,
                          const HttpProviderOptions& options);

// It was never processed: nothing was billed.
BatchedOutcome not_processed(const std::string& cache_key, const std::string& why);

}  // namespace heretix
