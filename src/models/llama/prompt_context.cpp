#include "models/llama/prompt_context.hpp"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

#include "base/error.hpp"

namespace heretix {
namespace {

constexpr std::size_t kCellStep = 256;
constexpr std::size_t kCallTokens = 512;
constexpr std::size_t kTokensBetween = 4;            // between two reports of how far a call has come, about
constexpr std::string_view kLayerOutput = "l_out-";  // what llama.cpp calls it, before the layer's number
constexpr std::size_t kFusedTokens = 64;             // from here on fused attention sums in one way (ggml-cpu, ops.cpp)

constexpr int kWhole = 0;
constexpr int kState = 1;        // of a recurrent model
constexpr int kFirstEnding = 1;  // of any other: the whole prompt and one ending

// The tokens of several endings as a tree: each is the end of one way, and belongs to every ending that goes by it.
struct EndingToken {
  Token token = 0;
  std::size_t depth = 0;
  std::vector<int> sequences{};
  bool is_last = false;  // of an ending
};

void require_evaluated(int failed) {
  if (failed != 0)
    throw Error(ErrorKind::broken, fmt::format("llama.cpp could not evaluate the prompt (code {})", failed));
}

// A token comes after all those that lead to it. `last` receives the place of each ending's last token.
std::vector<EndingToken> tree_of(const std::vector<std::vector<Token>>& endings, std::vector<std::size_t>& last) {
  std::vector<EndingToken> tree;
  std::map<std::vector<Token>, std::size_t> places;
  std::size_t longest = 0;
  for (const auto& ending : endings) longest = std::max(longest, ending.size());

  last.assign(endings.size(), 0);
  for (std::size_t depth = 0; depth < longest; ++depth) {
    for (std::size_t i = 0; i < endings.size(); ++i) {
      if (depth >= endings[i].size()) continue;
      const auto end = endings[i].begin() + static_cast<std::ptrdiff_t>(depth) + 1;
      const auto [place, is_new] = places.try_emplace({endings[i].begin(), end}, tree.size());
      if (is_new) tree.push_back({.token = endings[i][depth], .depth = depth});
      EndingToken& token = tree[place->second];
      token.sequences.push_back(kFirstEnding + static_cast<int>(i));
      if (depth + 1 == endings[i].size()) {
        token.is_last = true;
        last[i] = place->second;
      }
    }
  }
  return tree;
}

}  // namespace

std::size_t shared_tokens(const std::vector<Token>& a, const std::vector<Token>& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

PromptContext::PromptContext(const LlamaModel& model, std::size_t tokens, Attention attention)
    : model_(model),
      is_recurrent_(llama_model_is_recurrent(model.handle()) || llama_model_is_hybrid(model.handle())),
      capacity_((tokens + kCellStep - 1) / kCellStep * kCellStep) {
  if (tokens > model_.trained_context()) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the prompt has {} tokens; {} was trained with a context of {}", tokens, model_.file().name,
                            model_.trained_context()),
                "shorten the claim, or use a model with a longer context");
  }
  // A recurrent state would take what fills a call up for part of the text.
  if (attention == Attention::fused && !is_recurrent_) least_tokens_ = kFusedTokens;

  llama_context_params parameters = llama_context_default_params();
  parameters.n_seq_max = is_recurrent_ ? 2 : static_cast<std::uint32_t>(kFirstEnding + kMostEndings);
  parameters.n_ctx = static_cast<std::uint32_t>(capacity_ + std::max(least_tokens_, kMostEndings * kMostEndingTokens));
  parameters.n_batch = parameters.n_ctx;
  parameters.n_ubatch = std::min(parameters.n_ctx, static_cast<std::uint32_t>(kCallTokens));
  parameters.n_outputs_max = parameters.n_seq_max;  // else room for the logits of every token of a call is reserved
  parameters.n_threads = parameters.n_threads_batch = 1;
  parameters.flash_attn_type =
      attention == Attention::fused ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_DISABLED;
  parameters.kv_unified = true;  // the sequences share cells
  parameters.swa_full = true;    // a window that slides forgets what the next prompt may go on from
  parameters.no_perf = true;
  parameters.cb_eval = on_layer;
  parameters.cb_eval_user_data = this;
  context_ = llama_init_from_model(model_.handle(), parameters);
  if (context_ == nullptr)
    throw Error(ErrorKind::unavailable, fmt::format("not enough memory for a prompt of {} tokens", tokens));
}

PromptContext::~PromptContext() {
  if (context_ != nullptr) llama_free(context_);
}

const float* PromptContext::logits_after(const TokenPrompt& prompt) {
  if (is_recurrent_) {
    keep_state_of(prompt);
    evaluate(kWhole, prompt.tokens, prompt.state_ends, Reads::last);
    return llama_get_logits_ith(context_, -1);
  }
  const std::size_t known = std::min(shared_tokens(held_, prompt.tokens), prompt.tokens.size() - 1);
  keep(known);
  evaluate(kWhole, prompt.tokens, known, Reads::last);
  held_ = prompt.tokens;
  return llama_get_logits_ith(context_, -1);
}

bool PromptContext::begins_with(const std::vector<Token>& tokens) const {
  const std::size_t shared = shared_tokens(held_, tokens);
  return shared == tokens.size() && (!is_recurrent_ || shared == held_.size());
}

std::vector<std::uint8_t> PromptContext::evaluate_ahead(const std::vector<Token>& tokens, int threads) {
  llama_set_n_threads(context_, threads, threads);
  if (is_recurrent_) {
    hold_state(tokens);
  } else {
    const std::size_t known = shared_tokens(held_, tokens);
    keep(known);
    if (known < tokens.size()) evaluate(kWhole, tokens, known, Reads::nothing);
    held_ = tokens;
  }
  llama_set_n_threads(context_, 1, 1);

  const int sequence = is_recurrent_ ? kState : kWhole;
  std::vector<std::uint8_t> state(llama_state_seq_get_size(context_, sequence));
  state.resize(llama_state_seq_get_data(context_, state.data(), state.size(), sequence));
  return state;
}

void PromptContext::take_state(const std::vector<Token>& tokens, const std::vector<std::uint8_t>& state) {
  held_.clear();
  llama_memory_clear(llama_get_memory(context_), false);
  const int sequence = is_recurrent_ ? kState : kWhole;
  if (llama_state_seq_set_data(context_, state.data(), state.size(), sequence) == 0)
    throw Error(ErrorKind::broken, "llama.cpp could not copy the state of a prompt");
  held_ = tokens;
}

void PromptContext::logits_after_each(const TokenPrompt& prompt, const std::vector<std::vector<Token>>& endings,
                                      const std::function<void(std::size_t, const float*)>& use) {
  if (is_recurrent_) {
    // The whole prompt is the state that is kept and copied.
    TokenPrompt whole{.tokens = prompt.tokens, .state_ends = prompt.tokens.size()};
    for (std::size_t i = 0; i < endings.size(); ++i) {
      whole.tokens.resize(prompt.tokens.size());
      whole.tokens.insert(whole.tokens.end(), endings[i].begin(), endings[i].end());
      use(i, logits_after(whole));
    }
    return;
  }

  if (held_ != prompt.tokens) logits_after(prompt);

  // An ending's sequence has the prompt's cells, which copies nothing, and those of its own tokens.
  llama_memory_t memory = llama_get_memory(context_);
  for (std::size_t i = 0; i < endings.size(); ++i)
    llama_memory_seq_cp(memory, kWhole, kFirstEnding + static_cast<int>(i), -1, -1);

  std::vector<std::size_t> last;
  const std::vector<EndingToken> tree = tree_of(endings, last);
  llama_batch batch = llama_batch_init(static_cast<int>(tree.size()), 0, static_cast<int>(endings.size()));
  for (std::size_t i = 0; i < tree.size(); ++i) {
    batch.token[i] = tree[i].token;
    batch.pos[i] = static_cast<llama_pos>(prompt.tokens.size() + tree[i].depth);
    batch.n_seq_id[i] = static_cast<std::int32_t>(tree[i].sequences.size());
    std::ranges::copy(tree[i].sequences, batch.seq_id[i]);
    batch.logits[i] = tree[i].is_last ? 1 : 0;
  }
  batch.n_tokens = static_cast<std::int32_t>(tree.size());
  decode(batch, tree.size());

  for (std::size_t i = 0; i < endings.size(); ++i) use(i, llama_get_logits_ith(context_, static_cast<int>(last[i])));
  for (std::size_t i = 0; i < endings.size(); ++i)
    llama_memory_seq_rm(memory, kFirstEnding + static_cast<int>(i), -1, -1);
}

void PromptContext::keep(std::size_t tokens) {
  llama_memory_seq_rm(llama_get_memory(context_), kWhole, static_cast<llama_pos>(tokens), -1);
  held_.resize(tokens);
}

// A copy of the state, evaluated where another one is held.
void PromptContext::keep_state_of(const TokenPrompt& prompt) {
  llama_memory_t memory = llama_get_memory(context_);
  llama_memory_seq_rm(memory, kWhole, -1, -1);
  const std::vector<Token> state(prompt.tokens.begin(),
                                 prompt.tokens.begin() + static_cast<std::ptrdiff_t>(prompt.state_ends));
  hold_state(state);
  if (!state.empty()) llama_memory_seq_cp(memory, kState, kWhole, -1, -1);
}

void PromptContext::hold_state(const std::vector<Token>& state) {
  if (state == held_) return;
  held_.clear();
  llama_memory_seq_rm(llama_get_memory(context_), kState, -1, -1);
  if (!state.empty()) evaluate(kState, state, 0, Reads::nothing);
  held_ = state;
}

// From one token on in one call.
void PromptContext::evaluate(int sequence, const std::vector<Token>& tokens, std::size_t from, Reads reads) {
  const std::size_t count = tokens.size() - from;
  const std::size_t filled = std::max(count, least_tokens_);
  llama_batch batch = llama_batch_init(static_cast<int>(filled), 0, 1);
  for (std::size_t i = 0; i < filled; ++i) {
    batch.token[i] = i < count ? tokens[from + i] : tokens.back();
    batch.pos[i] = static_cast<llama_pos>(from + i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = sequence;
    batch.logits[i] = reads == Reads::last && i + 1 == count ? 1 : 0;
  }
  batch.n_tokens = static_cast<std::int32_t>(filled);
  decode(batch, count);

  if (filled > count)
    llama_memory_seq_rm(llama_get_memory(context_), sequence, static_cast<llama_pos>(tokens.size()), -1);
}

// Frees the batch. `count`: how many of its tokens fill nothing up.
void PromptContext::decode(const llama_batch& batch, std::size_t count) {
  // Each stop between two layers costs a little.
  const auto layers = static_cast<std::size_t>(llama_model_n_layer(model_.handle()));
  layers_between_ = static_cast<int>((layers * kTokensBetween + count - 1) / count);
  under_way_ = count;

  const int failed = llama_decode(context_, batch);
  llama_batch_free(batch);
  require_evaluated(failed);
  evaluated_ += count;
  put_through_ = static_cast<double>(evaluated_);
}

// llama.cpp asks of every tensor whether it is to stop there, and says so once it is evaluated.
bool PromptContext::on_layer(ggml_tensor* tensor, bool asks, void* context) {
  auto& self = *static_cast<PromptContext*>(context);
  const std::string_view name = ggml_get_name(tensor);
  if (!name.starts_with(kLayerOutput)) return !asks;

  int layer = 0;
  std::from_chars(name.data() + kLayerOutput.size(), name.data() + name.size(), layer);
  if (asks) return (layer + 1) % self.layers_between_ == 0;
  const double part = (layer + 1.0) / llama_model_n_layer(self.model_.handle());
  self.put_through_ = static_cast<double>(self.evaluated_) + part * static_cast<double>(self.under_way_);
  return true;
}

}  // namespace heretix
