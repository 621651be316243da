// xAI's batch API over REST: a file of requests like OpenAI's, but states, results and paging of its own. Shapes: its
// guide (docs.x.ai, Batch API) and LiteLLM 1.110.2 (llms/xai/batches); the official SDK speaks gRPC, with the same
// names of fields (xai-sdk 1.21, batch_pb2).
#pragma once

#include <memory>

#include "models/batch_api.hpp"
#include "models/http/http_provider.hpp"

namespace heretix {

std::unique_ptr<BatchApi> make_xai_batches(const HttpProviderOptions& options);

}  // namespace heretix
