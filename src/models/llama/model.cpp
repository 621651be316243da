#include "models/llama/model.hpp"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "models/llama/panel_weights.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;

// The last error that llama.cpp reported to this thread, which is added to our own. One model may be loaded while
// another one is asked.
std::string& last_complaint() {
  thread_local std::string text;
  return text;
}

void start_backend() {
  static const bool started = [] {
    llama_log_set(
        [](ggml_log_level level, const char* text, void*) {
          if (level == GGML_LOG_LEVEL_ERROR) last_complaint() = text;
        },
        nullptr);
    llama_backend_init();
    keep_weights_in_panels();
    return true;
  }();
  (void)started;
}

// Threads that evaluate together wait for each other in every layer. By its own rules libgomp would let them spin for
// milliseconds first, in which a busy machine runs nothing else; on an idle one some 20 microseconds suffice. It reads
// the environment before main() runs, so this comes earlier still.
__attribute__((constructor(101))) void wait_without_spinning() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "1000", 0);
}

void require_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return;
  throw Error(ErrorKind::not_allowed, "this processor lacks AVX2 or FMA, which the embedded model needs",
              "use a machine built since 2013, or --mock");
#endif
}

void require_file(const std::string& path) {
  if (fs::is_regular_file(path)) return;
  throw Error(ErrorKind::not_found, fmt::format("there is no model file at {}", path),
              "make run installs the default one; or name a GGUF file: --model llama:/path/to/model.gguf");
}

constexpr const char* kSpacePrefix = "tokenizer.ggml.add_space_prefix";

// With its prefix a vocabulary would put a space before every stretch of a prompt and of an answer that is tokenized by
// itself, and the model would be shown another text than the one that is stored.
std::array<llama_model_kv_override, 2> without_space_prefix() {
  std::array<llama_model_kv_override, 2> overrides{};  // the second one, without a key, ends the list
  overrides[0].tag = LLAMA_KV_OVERRIDE_TYPE_BOOL;
  overrides[0].val_bool = false;
  std::strncpy(overrides[0].key, kSpacePrefix, sizeof(overrides[0].key) - 1);
  return overrides;
}

std::string frame_of(const ChatTemplate& chat) {
  try {
    return chat.frame();
  } catch (const Error&) { return {}; }  // it is reported when a question is asked
}

std::string described(const llama_model* model) {
  std::array<char, 256> text{};
  llama_model_desc(model, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string llama_cpp_version() { return fmt::format("{} ({})", llama_version(), HERETIX_LLAMA_PACKAGE); }

LlamaModel::LlamaModel(const std::string& path, const Clock& clock)
    : today_(std::chrono::floor<std::chrono::days>(clock.now())) {
  require_processor();
  require_file(path);
  start_backend();

  llama_model_params parameters = llama_model_default_params();
  parameters.n_gpu_layers = 0;
  const auto overrides = without_space_prefix();
  parameters.kv_overrides = overrides.data();
  model_ = llama_model_load_from_file(path.c_str(), parameters);
  if (model_ == nullptr) {
    std::string why = last_complaint();
    why.erase(why.find_last_not_of(" \n") + 1);
    throw Error(ErrorKind::bad_input, fmt::format("{} is not a model that llama.cpp can load: {}", path, why),
                "name a GGUF file of a chat model");
  }

  vocabulary_ = llama_model_get_vocab(model_);
  const bool has_template = llama_model_chat_template(model_, nullptr) != nullptr;
  // A decision model may have only the template "systemone" (models/llama/decision_form.hpp).
  if (!has_template && named_template("systemone").empty()) {
    throw Error(ErrorKind::bad_input, fmt::format("{} has no chat template", path), "use an instruction-tuned model");
  }

  file_ = {.path = fs::absolute(path),
           .name = fs::path(path).stem(),
           .sha256 = sha256_of_file(path),
           .description = described(model_),
           .bytes = fs::file_size(path)};
  index_vocabulary();

  const std::string said = metadata(kSpacePrefix);  // of the file, whatever was overridden
  has_space_prefix_ = said.empty() ? llama_vocab_type(vocabulary_) == LLAMA_VOCAB_TYPE_SPM : said == "true";
  if (has_template) read_templates();
}

void LlamaModel::read_templates() {
  const std::string source = llama_model_chat_template(model_, nullptr);
  ChatTemplateOptions options{.bos_token = token_text(llama_vocab_bos(vocabulary_)),
                              .eos_token = token_text(llama_vocab_eos(vocabulary_)),
                              .today = today_};
  template_ = std::make_unique<ChatTemplate>(source, options);
  frame_ = frame_of(*template_);
  if (has_space_prefix_ && begins_with_text(frame_)) {
    options.begins_with_space = true;
    template_ = std::make_unique<ChatTemplate>(source, options);
    frame_ = frame_of(*template_);
  }

  frame_before_ = frame_of(
      ChatTemplate(source, {.bos_token = options.bos_token, .eos_token = options.eos_token, .as_before_frames = true}));
}

// A vocabulary's prefix belongs to text, and not to a control token.
bool LlamaModel::begins_with_text(const std::string& frame) const {
  const std::vector<Token> tokens = tokenized(frame, true);
  const auto first = std::ranges::find_if(tokens, [&](Token t) { return t != llama_vocab_bos(vocabulary_); });
  return first != tokens.end() && !piece(*first).empty();
}

LlamaModel::~LlamaModel() { llama_model_free(model_); }

std::size_t LlamaModel::trained_context() const { return static_cast<std::size_t>(llama_model_n_ctx_train(model_)); }

std::string LlamaModel::metadata(const std::string& key) const {
  std::string text(256, '\0');
  const int size = llama_model_meta_val_str(model_, key.c_str(), text.data(), text.size());
  if (size < 0) return {};
  if (static_cast<std::size_t>(size) >= text.size()) {
    text.resize(static_cast<std::size_t>(size) + 1);
    llama_model_meta_val_str(model_, key.c_str(), text.data(), text.size());
  }
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string LlamaModel::named_template(const std::string& name) const {
  const char* source = llama_model_chat_template(model_, name.c_str());
  return source == nullptr ? "" : source;
}

std::string LlamaModel::token_text(Token token) const {
  if (token == LLAMA_TOKEN_NULL) return {};
  std::string text(64, '\0');
  int size = llama_token_to_piece(vocabulary_, token, text.data(), static_cast<int>(text.size()), 0, true);
  if (size < 0) {
    text.resize(static_cast<std::size_t>(-size));
    size = llama_token_to_piece(vocabulary_, token, text.data(), static_cast<int>(text.size()), 0, true);
  }
  text.resize(static_cast<std::size_t>(std::max(size, 0)));
  return text;
}

void LlamaModel::index_vocabulary() {
  const Token count = llama_vocab_n_tokens(vocabulary_);
  by_first_byte_.resize(256);
  for (Token token = 0; token < count; ++token) {
    const bool is_text = !llama_vocab_is_control(vocabulary_, token) && !llama_vocab_is_eog(vocabulary_, token);
    pieces_.push_back(is_text ? token_text(token) : "");
    if (!pieces_.back().empty()) by_first_byte_[static_cast<unsigned char>(pieces_.back()[0])].push_back(token);
  }
}

std::vector<Token> LlamaModel::tokenized(const std::string& text, bool special) const {
  std::vector<Token> tokens(text.size() + 8);
  const int count = llama_tokenize(vocabulary_, text.data(), static_cast<int>(text.size()), tokens.data(),
                                   static_cast<int>(tokens.size()), false, special);
  if (count < 0) throw Error(ErrorKind::broken, "llama.cpp gave more tokens than the text has bytes");
  tokens.resize(static_cast<std::size_t>(count));
  return tokens;
}

std::vector<Token> LlamaModel::tokens(const std::string& text) const { return tokenized(text, false); }

std::vector<Token> LlamaModel::tokens(const std::vector<PromptPart>& parts, bool at_start) const {
  std::vector<Token> all;
  for (const PromptPart& part : parts) {
    const std::vector<Token> some = tokenized(part.text, !part.is_input);
    all.insert(all.end(), some.begin(), some.end());
  }
  if (at_start) begin_text(all);
  return all;
}

std::vector<Token> LlamaModel::tokens_as_one(const std::vector<PromptPart>& parts, bool at_start) const {
  std::string text;
  for (const PromptPart& part : parts) text += part.text;
  std::vector<Token> all = tokenized(text, true);

  const std::vector<Token> apart = tokens(parts, false);
  if (control_tokens_of(all) != control_tokens_of(apart)) all = apart;
  if (at_start) begin_text(all);
  return all;
}

std::vector<Token> LlamaModel::control_tokens_of(const std::vector<Token>& tokens) const {
  std::vector<Token> control;
  std::ranges::copy_if(tokens, std::back_inserter(control), [&](Token t) { return piece(t).empty(); });
  return control;
}

// Adds the token that begins a text, if the model wants one and the template has not written it.
void LlamaModel::begin_text(std::vector<Token>& tokens) const {
  const Token bos = llama_vocab_bos(vocabulary_);
  if (llama_vocab_get_add_bos(vocabulary_) && (tokens.empty() || tokens[0] != bos)) tokens.insert(tokens.begin(), bos);
}

}  // namespace heretix
