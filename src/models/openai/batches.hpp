// OpenAI's Batch API: a file of requests, a batch over it, a file of results. Shapes: its OpenAPI document, Batch.
#pragma once

#include <memory>

#include "models/batch_api.hpp"
#include "models/http/http_provider.hpp"

namespace heretix {

std::unique_ptr<BatchApi> make_openai_batches(const HttpProviderOptions& options);

}  // namespace heretix
