// A GGUF model in memory: its words as tokens, its chat template, what is known about its file.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "models/llama/chat_prompt.hpp"

struct llama_model;
struct llama_vocab;

namespace heretix {

using Token = std::int32_t;

struct ModelFile {
  std::string path;
  std::string name;  // the file's stem
  std::string sha256;
  std::string description;  // architecture, size and quantisation, as llama.cpp names them
  std::uint64_t bytes = 0;
};

class LlamaModel {
 public:
  // `clock` tells the day that prompts name as today's. Throws Error: not_found if there is no file, bad_input if it is
  // not a model or has no chat template of any kind, not_allowed if the processor lacks the instructions that the build
  // needs.
  explicit LlamaModel(const std::string& path, const Clock& clock = SystemClock());
  ~LlamaModel();
  LlamaModel(const LlamaModel&) = delete;
  LlamaModel& operator=(const LlamaModel&) = delete;

  const ModelFile& file() const { return file_; }
  bool has_chat_template() const { return template_ != nullptr; }
  const ChatTemplate& chat_template() const { return *template_; }  // where there is one
  std::chrono::sys_days today() const { return today_; }            // when the model was loaded, in UTC

  // Whether the file's vocabulary puts a space before every text, which is left out here (tokens()).
  bool has_space_prefix() const { return has_space_prefix_; }

  // The chat template's frame, and the one of builds that recorded none; empty where there is no chat template, or
  // where it cannot be rendered.
  const std::string& frame() const { return frame_; }
  const std::string& frame_before() const { return frame_before_; }
  llama_model* handle() const { return model_; }
  std::size_t vocabulary_size() const { return pieces_.size(); }
  std::size_t trained_context() const;

  // What the file holds under a key, and a chat template by its name; empty if there is none.
  std::string metadata(const std::string& key) const;
  std::string named_template(const std::string& name) const;

  // What tokens() gives spells its text exactly: the space that some vocabularies (Llama 2, Phi-3) put before every
  // text is left out. Where they put it before a whole prompt, the prompt itself begins with it (chat_prompt.hpp).
  //
  // Part by part, so that nothing in an input becomes a control token.
  std::vector<Token> tokens(const std::vector<PromptPart>& parts, bool at_start) const;

  // As one text, so that tokens may span the seams between parts as they do in llama.cpp's server. Where that would
  // turn some of an input into control tokens, part by part.
  std::vector<Token> tokens_as_one(const std::vector<PromptPart>& parts, bool at_start) const;

  std::vector<Token> tokens(const std::string& text) const;
  const std::string& piece(Token token) const { return pieces_[static_cast<std::size_t>(token)]; }
  const std::vector<Token>& starting_with(char byte) const { return by_first_byte_[static_cast<unsigned char>(byte)]; }

 private:
  void index_vocabulary();
  void read_templates();
  bool begins_with_text(const std::string& frame) const;
  std::string token_text(Token token) const;
  std::vector<Token> tokenized(const std::string& text, bool special) const;
  std::vector<Token> control_tokens_of(const std::vector<Token>& tokens) const;
  void begin_text(std::vector<Token>& tokens) const;

  ModelFile file_;
  llama_model* model_ = nullptr;
  const llama_vocab* vocabulary_ = nullptr;
  std::chrono::sys_days today_;
  bool has_space_prefix_ = false;  // in the file; here it is switched off
  std::string frame_, frame_before_;
  std::unique_ptr<ChatTemplate> template_;
  std::vector<std::string> pieces_;                // bytes of every token; empty for control tokens
  std::vector<std::vector<Token>> by_first_byte_;  // 256 lists, in token order
};

std::string llama_cpp_version();

}  // namespace heretix
