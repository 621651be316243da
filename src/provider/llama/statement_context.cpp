#include "provider/llama/statement_context.hpp"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>

#include "base/error.hpp"

namespace heretix {
namespace {

constexpr std::size_t kContextStep = 256;
constexpr std::size_t kPhysicalBatch = 512;
constexpr std::size_t kFusedTokens = 64;  // from here on fused attention sums in one way (ggml-cpu, ops.cpp)

constexpr std::size_t kState = 0;
constexpr std::size_t kClaim = 1;
constexpr std::size_t kWhole = 2;

}  // namespace

StatementContext::StatementContext(const LlamaModel& model, std::size_t tokens, Attention attention)
    : model_(model), capacity_((tokens + kContextStep - 1) / kContextStep * kContextStep) {
  if (tokens > model_.trained_context()) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the prompt has {} tokens, {} was trained with a context of {}", tokens, model_.file().name,
                            model_.trained_context()),
                "shorten the claim, or use a model with a longer context");
  }
  // A recurrent state would take what fills a call up for part of the text.
  const bool has_state = llama_model_is_recurrent(model_.handle()) || llama_model_is_hybrid(model_.handle());
  if (attention == Attention::fused && !has_state) least_tokens_ = kFusedTokens;

  llama_context_params parameters = llama_context_default_params();
  parameters.n_seq_max = static_cast<std::uint32_t>(held_.size());
  parameters.n_ctx = static_cast<std::uint32_t>(capacity_ + least_tokens_);
  parameters.n_batch = parameters.n_ctx;
  parameters.n_ubatch = std::min(parameters.n_ctx, static_cast<std::uint32_t>(kPhysicalBatch));
  parameters.n_threads = parameters.n_threads_batch = 1;
  parameters.flash_attn_type =
      attention == Attention::fused ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_DISABLED;
  parameters.kv_unified = true;  // the sequences share cells
  parameters.no_perf = true;
  context_ = llama_init_from_model(model_.handle(), parameters);
  if (context_ == nullptr)
    throw Error(ErrorKind::unavailable, fmt::format("not enough memory for a prompt of {} tokens", tokens));
}

StatementContext::~StatementContext() {
  if (context_ != nullptr) llama_free(context_);
}

const float* StatementContext::logits_after(const CutPrompt& prompt) {
  const auto until = [&](std::size_t end) {
    return std::vector<Token>(prompt.tokens.begin(), prompt.tokens.begin() + static_cast<std::ptrdiff_t>(end));
  };
  held_[kWhole].clear();  // its logits are wanted again, whatever it was
  hold(kState, until(prompt.statement_begins));
  hold(kClaim, until(prompt.claim_ends));
  hold(kWhole, prompt.tokens);
  return llama_get_logits_ith(context_, last_row_);
}

// Makes the sequence hold these tokens: the ones of the sequence before it are copied, the rest is evaluated in one
// stretch.
void StatementContext::hold(std::size_t sequence, const std::vector<Token>& tokens) {
  if (held_[sequence] == tokens) return;

  // Whatever follows on the old tokens goes first, so that a prompt always finds the same cells free.
  llama_memory_t memory = llama_get_memory(context_);
  for (std::size_t s = sequence; s < held_.size(); ++s) {
    llama_memory_seq_rm(memory, static_cast<int>(s), -1, -1);
    held_[s].clear();
  }
  const std::size_t known = sequence == kState ? 0 : held_[sequence - 1].size();
  if (known > 0) llama_memory_seq_cp(memory, static_cast<int>(sequence) - 1, static_cast<int>(sequence), -1, -1);
  if (known < tokens.size()) last_row_ = evaluate(sequence, tokens, known);
  held_[sequence] = tokens;
}

// From one token on, with logits of the last; gives its place in the call.
int StatementContext::evaluate(std::size_t sequence, const std::vector<Token>& tokens, std::size_t from) {
  const std::size_t count = tokens.size() - from;
  const std::size_t filled = std::max(count, least_tokens_);
  llama_batch batch = llama_batch_init(static_cast<int>(filled), 0, 1);
  for (std::size_t i = 0; i < filled; ++i) {
    batch.token[i] = i < count ? tokens[from + i] : tokens.back();
    batch.pos[i] = static_cast<llama_pos>(from + i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = static_cast<llama_seq_id>(sequence);
    batch.logits[i] = i + 1 == count ? 1 : 0;
  }
  batch.n_tokens = static_cast<std::int32_t>(filled);
  const int failed = llama_decode(context_, batch);
  llama_batch_free(batch);
  if (failed != 0)
    throw Error(ErrorKind::broken, fmt::format("llama.cpp could not evaluate the prompt (code {})", failed));

  if (filled > count) {
    llama_memory_seq_rm(llama_get_memory(context_), static_cast<llama_seq_id>(sequence),
                        static_cast<llama_pos>(tokens.size()), -1);
  }
  return static_cast<int>(count) - 1;
}

}  // namespace heretix
