// Google's batch API for generateContent: the call itself holds the requests, and the operation that it makes holds the
// results. Shapes: google-genai 3.6, batches.py and types.py.
#pragma once

#include <memory>

#include "models/batch_api.hpp"
#include "models/http/http_provider.hpp"

namespace heretix {

std::unique_ptr<BatchApi> make_gemini_batches(const HttpProviderOptions& options);

}  // namespace heretix
