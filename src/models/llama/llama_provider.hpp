// The embedded model as a provider: llama.cpp in this process, nothing sent anywhere.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "models/hub/model_cache.hpp"
#include "models/provider.hpp"

namespace heretix {

inline constexpr double kDefaultTemperature = 1.0;  // the model's own distribution

struct LlamaOptions {
  std::string path;                          // a GGUF file
  double temperature = kDefaultTemperature;  // in [0, 10]; 0 is greedy
  std::size_t concurrency = 16;              // questions side by side
  int threads = 0;                           // 0: one a core
  std::optional<PulledModel> pulled{};       // where the file came from, if it was fetched from a hub
};

// `clock` tells the day that prompts name as today's. Throws what LlamaModel throws, and Error: bad_input for options
// out of range, conflict for a file that is no longer the one that was fetched. A model has the same name and the same
// keys whether its file is named by its path or was fetched from a hub; the record tells where it came from.
std::unique_ptr<Provider> make_llama_provider(const LlamaOptions& options, const Clock& clock = SystemClock());

}  // namespace heretix
