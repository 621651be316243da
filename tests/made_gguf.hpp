// Model files made for tests of the readout decision: an ordinary chat model with llama.cpp's decision metadata, and a
// small recurrent one with made-up weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace heretix {

// Where a made file can lie; it is removed at the end.
class TemporaryGguf {
 public:
  explicit TemporaryGguf(const std::string& name);
  ~TemporaryGguf();
  TemporaryGguf(const TemporaryGguf&) = delete;
  TemporaryGguf& operator=(const TemporaryGguf&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// The file `from` with the metadata decision.type and a template "systemone" of ours for that type, or without these
// where the type is empty. `more`: further
// metadata, text by key, such as {"llama.decision.temperature.noul", "2"}. Weights are copied untouched; of the model's
// blocks only the first `blocks`, unless that is 0: what such a model says means less, and is said sooner.
void make_decision_gguf(const std::string& from, const std::string& to, const std::string& type,
                        const std::map<std::string, std::string>& more = {}, std::uint32_t blocks = 0);

// A Mamba model of two blocks with drawn weights and the words and the chat template of `from`. What it says means
// nothing; it is here because a recurrent state can be copied but not rolled back.
void make_recurrent_gguf(const std::string& from, const std::string& to);

// The same for an LFM2 model of three blocks, of which the second attends and the others convolve: a hybrid, which has
// keys and values beside its state.
void make_hybrid_gguf(const std::string& from, const std::string& to);

// A llama model of one block with drawn weights, this chat template, and a small SentencePiece vocabulary that puts a
// space before every text, as Llama 2 and Phi-3 do: bytes, printable ASCII, some words, and the control tokens
// <|user|>, <|assistant|> and <|end|>.
void make_space_prefix_gguf(const std::string& to, const std::string& chat_template);

}  // namespace heretix
