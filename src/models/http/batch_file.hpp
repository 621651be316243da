// A batch's requests as a file of JSON lines, which OpenAI's and xAI's batch APIs take.
#pragma once

#include <string>
#include <vector>

#include "models/http/caller.hpp"

namespace heretix {

// What is uploaded, and the field `purpose` that goes with it; an empty one is not sent.
struct BatchUpload {
  std::string content;
  std::string purpose;
};

// A line for each request: {"custom_id": its cache key, "method": "POST", "url": `endpoint`, "body": …}.
std::string batch_file(const Plan& plan, const std::vector<Request>& requests, const std::string& endpoint,
                       const HttpProviderOptions& options);

// Uploads the file and returns its id. Throws Error{unavailable} if no id came back, because nothing is billed for a
// file that nothing uses.
std::string upload_batch_file(Caller& caller, const BatchUpload& upload);

}  // namespace heretix
