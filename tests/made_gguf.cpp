#include "made_gguf.hpp"

#include <ggml.h>
#include <gguf.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

namespace heretix {
namespace {

using Gguf = std::unique_ptr<gguf_context, decltype(&gguf_free)>;
using Tensors = std::unique_ptr<ggml_context, decltype(&ggml_free)>;

// The text of a JSON value that need not be a string.
std::string shown(const std::string& name) {
  return "{% if " + name + " is string %}{{ " + name + " }}{% else %}{{ " + name + " | tojson }}{% endif %}";
}

std::string turn(const std::string& system, const std::string& user) {
  return "<|im_start|>system\n" + system + "<|im_end|>\n<|im_start|>user\n" + user +
         "{{ '<|im_end|>\\n<|im_start|>assistant\\n' }}";
}

// What stands behind the label of an option.
const std::string kOption =
    "{% if option.description %}" + shown("option.description") +
    "{% elif type != 'noul' %}{{ option.key }}{% elif option.key == 'true' %}Yes, this is so.{% else %}No, this is not "
    "so.{% endif %}{{ '\\n' }}";

std::string template_for(const std::string& type) {
  const std::string state = "Background: " + shown("state") + "\n\n";
  const std::string asked = "Judge this: " + shown("instructions") + "\n\n";
  if (type == "lev") {
    return turn("Reply with one label.",
                state + asked +
                    "{% if type == 'noul' %}Rate how sure you are, from A (certainly not) over E (undecided) to I "
                    "(certainly so).{% else %}{% for option in options %}{{ option.label }}) " +
                    kOption + "{% endfor %}{% endif %}\nLabel:");
  }
  if (type == "nimble") {
    return turn("Reply with one label.", state + "All that is asked:\n{% for q in questions %}* " +
                                             shown("q.instructions") + "{{ '\\n' }}{% endfor %}\n" + asked +
                                             "{% for option in options %}{{ option.label }}) " + kOption +
                                             "{% endfor %}\nLabel:");
  }
  return turn("Reply with one letter.", state + asked + "{% for option in options %}{{ 'ABCDEFGHIJ'[loop.index0] }}) " +
                                            kOption + "{% endfor %}\nLetter:");
}

struct Source {
  Tensors tensors{nullptr, ggml_free};
  Gguf gguf{nullptr, gguf_free};
};

Source opened(const std::string& path, bool with_weights) {
  ggml_context* tensors = nullptr;
  gguf_context* gguf = gguf_init_from_file(path.c_str(), {.no_alloc = !with_weights, .ctx = &tensors});
  if (gguf == nullptr) throw std::runtime_error("cannot read " + path);
  return {Tensors(tensors, ggml_free), Gguf(gguf, gguf_free)};
}

void write(const Gguf& gguf, const std::string& path) {
  if (!gguf_write_to_file(gguf.get(), path.c_str(), false)) throw std::runtime_error("cannot write " + path);
}

std::int64_t words_of(const Gguf& gguf) {
  return static_cast<std::int64_t>(gguf_get_arr_n(gguf.get(), gguf_find_key(gguf.get(), "tokenizer.ggml.tokens")));
}

void set_numbers(const Gguf& gguf, const std::string& prefix, const std::map<std::string, std::uint32_t>& numbers) {
  for (const auto& [key, value] : numbers) gguf_set_val_u32(gguf.get(), (prefix + key).c_str(), value);
}

// Tensors of one file to be, with drawn values.
class Drawn {
 public:
  explicit Drawn(std::size_t bytes)
      : tensors_(ggml_init({.mem_size = bytes, .mem_buffer = nullptr, .no_alloc = false}), ggml_free) {}

  // Normal values around `mean`.
  void add(const Gguf& gguf, const std::string& name, std::int64_t columns, std::int64_t rows, float mean,
           float spread) {
    ggml_tensor* tensor = rows == 0 ? ggml_new_tensor_1d(tensors_.get(), GGML_TYPE_F32, columns)
                                    : ggml_new_tensor_2d(tensors_.get(), GGML_TYPE_F32, columns, rows);
    ggml_set_name(tensor, name.c_str());
    std::normal_distribution<float> draw(mean, spread);
    float* values = ggml_get_data_f32(tensor);
    for (std::int64_t i = 0; i < ggml_nelements(tensor); ++i) values[i] = draw(random_);
    gguf_add_tensor(gguf.get(), tensor);
  }

 private:
  Tensors tensors_;
  std::mt19937 random_{7};
};

// The parts of a block that attends and of one that feeds forward, as most architectures have them.
void add_attention(Drawn& drawn, const Gguf& made, const std::string& block, std::int64_t width,
                   std::int64_t width_of_keys) {
  drawn.add(made, block + "attn_q.weight", width, width, 0, 0.1F);
  drawn.add(made, block + "attn_k.weight", width, width_of_keys, 0, 0.1F);
  drawn.add(made, block + "attn_v.weight", width, width_of_keys, 0, 0.1F);
  drawn.add(made, block + "attn_output.weight", width, width, 0, 0.1F);
}

void add_feed_forward(Drawn& drawn, const Gguf& made, const std::string& block, std::int64_t width,
                      std::int64_t inner) {
  drawn.add(made, block + "attn_norm.weight", width, 0, 1, 0.1F);
  drawn.add(made, block + "ffn_norm.weight", width, 0, 1, 0.1F);
  drawn.add(made, block + "ffn_gate.weight", width, inner, 0, 0.1F);
  drawn.add(made, block + "ffn_up.weight", width, inner, 0, 0.1F);
  drawn.add(made, block + "ffn_down.weight", inner, width, 0, 0.1F);
}

constexpr std::size_t kRoomForBlocks = std::size_t{8} << 20U;

// What a piece of the small vocabulary is to llama.cpp.
enum class Piece : std::int32_t { normal = 1, unknown = 2, control = 3, byte = 6 };

struct Vocabulary {
  std::vector<std::string> pieces;
  std::vector<float> scores;
  std::vector<std::int32_t> types;

  void add(const std::string& piece, Piece type, float score = 0) {
    pieces.push_back(piece);
    scores.push_back(score);
    types.push_back(static_cast<std::int32_t>(type));
  }
};

Vocabulary small_vocabulary() {
  Vocabulary v;
  v.add("<unk>", Piece::unknown);
  v.add("<s>", Piece::control);
  v.add("</s>", Piece::control);
  for (const char* mark : {"<|user|>", "<|assistant|>", "<|end|>"}) v.add(mark, Piece::control);

  constexpr const char* kHexadecimal = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte)
    v.add(std::string("<0x") + kHexadecimal[byte / 16] + kHexadecimal[byte % 16] + ">", Piece::byte);

  // Two pieces are joined where the vocabulary has their sum, those of the higher score first.
  const std::string space = "\u2581";
  for (const char* joined : {"True", "Tru", "Tr", "False", "Fals", "Fal", "Fa", "the", "th", "0."})
    v.add(joined, Piece::normal, -1 - static_cast<float>(v.pieces.size()) / 1000);
  for (const char* word : {"True", "False", "the", "0", "{", "["})
    v.add(space + word, Piece::normal, -2 - static_cast<float>(v.pieces.size()) / 1000);
  v.add(space, Piece::normal, -9);
  for (char c = '!'; c <= '~'; ++c) v.add(std::string(1, c), Piece::normal, -9);
  return v;
}

void set_vocabulary(const Gguf& gguf, const Vocabulary& v) {
  std::vector<const char*> pieces;
  for (const std::string& piece : v.pieces) pieces.push_back(piece.c_str());
  gguf_set_val_str(gguf.get(), "tokenizer.ggml.model", "llama");
  gguf_set_arr_str(gguf.get(), "tokenizer.ggml.tokens", pieces.data(), pieces.size());
  gguf_set_arr_data(gguf.get(), "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, v.scores.data(), v.scores.size());
  gguf_set_arr_data(gguf.get(), "tokenizer.ggml.token_type", GGUF_TYPE_INT32, v.types.data(), v.types.size());
  set_numbers(gguf, "tokenizer.ggml.", {{"unknown_token_id", 0}, {"bos_token_id", 1}, {"eos_token_id", 2}});
}

}  // namespace

TemporaryGguf::TemporaryGguf(const std::string& name)
    : path_(std::filesystem::temp_directory_path() / ("heretix_" + std::to_string(::getpid()) + "_" + name + ".gguf")) {
}

TemporaryGguf::~TemporaryGguf() { std::filesystem::remove(path_); }

void make_decision_gguf(const std::string& from, const std::string& to, const std::string& type,
                        const std::map<std::string, std::string>& more, std::uint32_t blocks) {
  const Source source = opened(from, true);
  const Gguf made(gguf_init_empty(), gguf_free);
  gguf_set_kv(made.get(), source.gguf.get());
  const std::string architecture =
      gguf_get_val_str(source.gguf.get(), gguf_find_key(source.gguf.get(), "general.architecture"));
  if (!type.empty()) {
    gguf_set_val_str(made.get(), (architecture + ".decision.type").c_str(), type.c_str());
    gguf_set_val_str(made.get(), "tokenizer.chat_template.systemone", template_for(type).c_str());
  }
  for (const auto& [key, text] : more) gguf_set_val_str(made.get(), key.c_str(), text.c_str());
  if (blocks > 0) gguf_set_val_u32(made.get(), (architecture + ".block_count").c_str(), blocks);

  for (std::int64_t i = 0; i < gguf_get_n_tensors(source.gguf.get()); ++i) {
    const std::string name = gguf_get_tensor_name(source.gguf.get(), i);
    if (blocks > 0 && name.starts_with("blk.") && std::stoul(name.substr(4)) >= blocks) continue;
    gguf_add_tensor(made.get(), ggml_get_tensor(source.tensors.get(), name.c_str()));
  }
  write(made, to);
}

void make_recurrent_gguf(const std::string& from, const std::string& to) {
  constexpr std::uint32_t width = 64, inner = 128, states = 8, kernel = 4, rank = 4, blocks = 2;
  const Source source = opened(from, false);
  const Gguf made(gguf_init_empty(), gguf_free);
  gguf_set_kv(made.get(), source.gguf.get());
  gguf_set_val_str(made.get(), "general.architecture", "mamba");
  set_numbers(made, "mamba.",
              {{"context_length", 2048},
               {"embedding_length", width},
               {"block_count", blocks},
               {"feed_forward_length", 0},
               {"attention.head_count", 0},
               {"ssm.conv_kernel", kernel},
               {"ssm.inner_size", inner},
               {"ssm.state_size", states},
               {"ssm.time_step_rank", rank}});
  gguf_set_val_f32(made.get(), "mamba.attention.layer_norm_rms_epsilon", 1e-5F);

  const std::int64_t words = words_of(source.gguf);
  Drawn drawn(static_cast<std::size_t>(words) * width * sizeof(float) + kRoomForBlocks);
  drawn.add(made, "token_embd.weight", width, words, 0, 1);
  drawn.add(made, "output_norm.weight", width, 0, 1, 0.1F);
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    drawn.add(made, block + "attn_norm.weight", width, 0, 1, 0.1F);
    drawn.add(made, block + "ssm_in.weight", width, 2 * inner, 0, 0.1F);
    drawn.add(made, block + "ssm_conv1d.weight", kernel, inner, 0, 0.5F);
    drawn.add(made, block + "ssm_conv1d.bias", inner, 0, 0, 0.1F);
    drawn.add(made, block + "ssm_x.weight", inner, rank + 2 * states, 0, 0.1F);
    drawn.add(made, block + "ssm_dt.weight", rank, inner, 0, 0.1F);
    drawn.add(made, block + "ssm_dt.bias", inner, 0, -3, 0.1F);  // softplus of it: a slow forgetting
    drawn.add(made, block + "ssm_a", states, inner, -1, 0.1F);
    drawn.add(made, block + "ssm_d", inner, 0, 1, 0.1F);
    drawn.add(made, block + "ssm_out.weight", inner, width, 0, 0.1F);
  }
  write(made, to);
}

void make_hybrid_gguf(const std::string& from, const std::string& to) {
  constexpr std::uint32_t width = 64, inner = 128, heads = 4, heads_of_keys = 2, kernel = 3;
  constexpr std::array<std::uint32_t, 3> keys_by_block = {0, heads_of_keys, 0};  // none: the block convolves
  const Source source = opened(from, false);
  const Gguf made(gguf_init_empty(), gguf_free);
  gguf_set_kv(made.get(), source.gguf.get());
  gguf_set_val_str(made.get(), "general.architecture", "lfm2");
  const std::int64_t words = words_of(source.gguf);
  set_numbers(made, "lfm2.",
              {{"context_length", 2048},
               {"embedding_length", width},
               {"block_count", static_cast<std::uint32_t>(keys_by_block.size())},
               {"feed_forward_length", inner},
               {"attention.head_count", heads},
               {"vocab_size", static_cast<std::uint32_t>(words)},
               {"shortconv.l_cache", kernel}});
  gguf_set_arr_data(made.get(), "lfm2.attention.head_count_kv", GGUF_TYPE_UINT32, keys_by_block.data(),
                    keys_by_block.size());
  gguf_set_val_f32(made.get(), "lfm2.attention.layer_norm_rms_epsilon", 1e-5F);

  Drawn drawn(static_cast<std::size_t>(words) * width * sizeof(float) + kRoomForBlocks);
  drawn.add(made, "token_embd.weight", width, words, 0, 1);
  drawn.add(made, "token_embd_norm.weight", width, 0, 1, 0.1F);
  for (std::size_t i = 0; i < keys_by_block.size(); ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    add_feed_forward(drawn, made, block, width, inner);
    if (keys_by_block[i] > 0) {
      add_attention(drawn, made, block, width, width / heads * heads_of_keys);
      drawn.add(made, block + "attn_q_norm.weight", width / heads, 0, 1, 0.1F);
      drawn.add(made, block + "attn_k_norm.weight", width / heads, 0, 1, 0.1F);
    } else {
      drawn.add(made, block + "shortconv.conv.weight", kernel, width, 0, 0.5F);
      drawn.add(made, block + "shortconv.in_proj.weight", width, 3 * width, 0, 0.1F);
      drawn.add(made, block + "shortconv.out_proj.weight", width, width, 0, 0.1F);
    }
  }
  write(made, to);
}

void make_space_prefix_gguf(const std::string& to, const std::string& chat_template) {
  constexpr std::uint32_t width = 32, inner = 64, heads = 2;
  const Vocabulary vocabulary = small_vocabulary();
  const Gguf made(gguf_init_empty(), gguf_free);
  gguf_set_val_str(made.get(), "general.architecture", "llama");
  gguf_set_val_str(made.get(), "tokenizer.chat_template", chat_template.c_str());
  set_vocabulary(made, vocabulary);
  set_numbers(made, "llama.",
              {{"context_length", 4096},
               {"embedding_length", width},
               {"block_count", 1},
               {"feed_forward_length", inner},
               {"attention.head_count", heads},
               {"rope.dimension_count", width / heads}});
  gguf_set_val_f32(made.get(), "llama.attention.layer_norm_rms_epsilon", 1e-5F);

  Drawn drawn(kRoomForBlocks);
  drawn.add(made, "token_embd.weight", width, static_cast<std::int64_t>(vocabulary.pieces.size()), 0, 1);
  drawn.add(made, "output_norm.weight", width, 0, 1, 0.1F);
  add_feed_forward(drawn, made, "blk.0.", width, inner);
  add_attention(drawn, made, "blk.0.", width, width);
  write(made, to);
}

}  // namespace heretix
