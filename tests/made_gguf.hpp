// Model files made for tests of the readout decision: an ordinary chat model with llama.cpp's decision metadata, and a
// small recurrent one with made-up weights.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace heretix {

// The file `from` with the metadata decision.type and a template "systemone" of ours for that type. `more`: further
// metadata, text by key, such as {"llama.decision.temperature.noul", "2"}. Weights are copied untouched; of the model's
// blocks only the first `blocks`, unless that is 0: what such a model says means less, and is said sooner.
void make_decision_gguf(const std::string& from, const std::string& to, const std::string& type,
                        const std::map<std::string, std::string>& more = {}, std::uint32_t blocks = 0);

// A Mamba model of two blocks with drawn weights and the words and the chat template of `from`. What it says means
// nothing; it is here because a recurrent state can be copied but not rolled back.
void make_recurrent_gguf(const std::string& from, const std::string& to);

}  // namespace heretix
