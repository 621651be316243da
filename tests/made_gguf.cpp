#include "made_gguf.hpp"

#include <ggml.h>
#include <gguf.h>

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

}  // namespace

void make_decision_gguf(const std::string& from, const std::string& to, const std::string& type,
                        const std::map<std::string, std::string>& more, std::uint32_t blocks) {
  const Source source = opened(from, true);
  const Gguf made(gguf_init_empty(), gguf_free);
  gguf_set_kv(made.get(), source.gguf.get());
  const std::string architecture =
      gguf_get_val_str(source.gguf.get(), gguf_find_key(source.gguf.get(), "general.architecture"));
  gguf_set_val_str(made.get(), (architecture + ".decision.type").c_str(), type.c_str());
  gguf_set_val_str(made.get(), "tokenizer.chat_template.systemone", template_for(type).c_str());
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
  for (const auto& [key, value] : std::map<std::string, std::uint32_t>{{"context_length", 2048},
                                                                       {"embedding_length", width},
                                                                       {"block_count", blocks},
                                                                       {"feed_forward_length", 0},
                                                                       {"attention.head_count", 0},
                                                                       {"ssm.conv_kernel", kernel},
                                                                       {"ssm.inner_size", inner},
                                                                       {"ssm.state_size", states},
                                                                       {"ssm.time_step_rank", rank}}) {
    gguf_set_val_u32(made.get(), ("mamba." + key).c_str(), value);
  }
  gguf_set_val_f32(made.get(), "mamba.attention.layer_norm_rms_epsilon", 1e-5F);

  const auto words = static_cast<std::int64_t>(
      gguf_get_arr_n(source.gguf.get(), gguf_find_key(source.gguf.get(), "tokenizer.ggml.tokens")));
  Drawn drawn(static_cast<std::size_t>(words) * width * sizeof(float) + (std::size_t{8} << 20U));
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

}  // namespace heretix
