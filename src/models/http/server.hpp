// Which server answers, as far as it says so.
//
// Two servers put the same weights behind different prompts of their own, and a belief differs with the prompt. So
// where a model is known by its name alone, the server's name and version belong to its identity (docs/decisions.md).
#pragma once

#include <string>

#include "models/http/http_provider.hpp"

namespace heretix {

// "typed-gguf/0.3.0", "llama.cpp/b11434-0123abc", "callo"; empty: it does not say. The first product of the header
// `Server` (RFC 9110, 10.2.4), and where that has no version llama.cpp's `build_info`. Pure.
std::string server_in(const HttpResponse& response);

// The same, asked by one GET of llama.cpp's /props; a server without that path still sends its header. Blocks for at
// most five seconds. Throws Error: unavailable if nothing answers, or if the server says that it is not ready yet.
std::string ask_which_server(const HttpProviderOptions& options);

}  // namespace heretix
