// Anthropic's Message Batches API. Shapes: its API reference and its SDK's types MessageBatch and
// MessageBatchIndividualResponse.
#pragma once

#include <memory>

#include "models/batch_api.hpp"
#include "models/http/http_provider.hpp"

namespace heretix {

std::unique_ptr<BatchApi> make_anthropic_batches(const HttpProviderOptions& options);

}  // namespace heretix
