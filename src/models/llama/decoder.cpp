#include "models/llama/decoder.hpp"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <thread>

#include "base/error.hpp"
#include "models/llama/random_unit.hpp"
#include "models/llama/token_choices.hpp"

namespace heretix {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kPrefixSequence = 0;         // holds the shared prefix and nothing else
constexpr std::size_t kAnswerTokens = 96;  // the form's longest answer, with room for unusual tokenizers
constexpr std::size_t kContextStep = 256;
constexpr std::size_t kPhysicalBatch = 512;
constexpr double kOutgrown = 1.1;  // what an answer that is longer than usual will take, by what it took so far

// One llama_batch, freed with the scope.
class Batch {
 public:
  explicit Batch(std::size_t capacity) : batch_(llama_batch_init(static_cast<int>(capacity), 0, 1)) {}
  ~Batch() { llama_batch_free(batch_); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of llama_batch
  void add(Token token, llama_pos position, int sequence, bool wants_logits) {
    const int i = batch_.n_tokens++;
    batch_.token[i] = token;
    batch_.pos[i] = position;
    batch_.n_seq_id[i] = 1;
    batch_.seq_id[i][0] = sequence;
    batch_.logits[i] = wants_logits ? 1 : 0;
  }
  int size() const { return batch_.n_tokens; }

  void decode(llama_context* context) {
    const int failed = llama_decode(context, batch_);
    if (failed != 0)
      throw Error(ErrorKind::broken, fmt::format("llama.cpp could not evaluate the prompt (code {})", failed));
  }

 private:
  llama_batch batch_;
};

}  // namespace

struct Decoder::Stream {
  int sequence = 0;
  bool busy = false;
  Wanted wanted;
  std::string text;
  AnswerForm::Place place;
  std::vector<Token> pending;  // chosen or forced, not yet evaluated
  int position = 0;            // tokens evaluated
  long prompt_tokens = 0;
  long tokens_out = 0;
  long evaluated = 0;  // tokens behind the prompt
  bool finished = false;
  bool cut_short = false;
  RandomUnit random{0};
  SteadyClock::time_point started;
};

Decoder::Decoder(const LlamaModel& model, const std::string& system, const std::string& longest_user,
                 const DecoderOptions& options)
    : model_(model),
      options_(options),
      form_(options.readout == Readout::frequency ? AnswerForm::word() : AnswerForm::belief()),
      system_(system) {
  const AnswerForm::Forced opening = form_.forced(form_.start());
  opening_text_ = opening.text;
  after_opening_ = opening.place;
  opening_ = model_.tokens(opening.text);
  const std::vector<Token> prefix = model_.tokens(model_.chat_template().render(system, longest_user).shared, true);
  prefix_tokens_ = prefix.size();
  tokens_per_stream_ = context_for(longest_user);
  make_context();

  Batch batch(std::max<std::size_t>(prefix.size(), 1));
  for (std::size_t i = 0; i < prefix.size(); ++i)
    batch.add(prefix[i], static_cast<llama_pos>(i), kPrefixSequence, false);
  if (batch.size() == 0) return;
  work_.prompt_all = static_cast<double>(batch.size());
  tell_work();
  batch.decode(context_);
  work_.prompt = work_.prompt_all;
  tell_work();
}

Decoder::~Decoder() {
  if (context_ != nullptr) llama_free(context_);
}

bool Decoder::suits(const std::string& system, const std::string& longest_user, const DecoderOptions& options) const {
  return options.streams == options_.streams && options.threads == options_.threads &&
         options.temperature == options_.temperature && options.readout == options_.readout && system == system_ &&
         context_for(longest_user) <= tokens_per_stream_;
}

void Decoder::begin_anew(std::function<void(const WorkDone&)> tell) {
  if (ended_ > 0) options_.usual_output = usual_output();
  options_.tell = std::move(tell);
  work_ = {};
  ended_ = 0;
  ended_output_ = 0;
}

// Tokens. The bytes of a text bound its tokens, so this suffices for any other text of that length.
std::size_t Decoder::context_for(const std::string& longest_user) const {
  const auto own = model_.chat_template().render(system_, longest_user).own;
  const std::size_t longest =
      prefix_tokens_ + model_.tokens(own, false).size() + longest_user.size() / 2 + kAnswerTokens;
  return (longest + kContextStep - 1) / kContextStep * kContextStep;
}

void Decoder::make_context() {
  if (tokens_per_stream_ > model_.trained_context() + kContextStep) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the prompt needs a context of {} tokens; {} was trained with {}", tokens_per_stream_,
                            model_.file().name, model_.trained_context()),
                "shorten the claim, or use a model with a longer context");
  }

  // One sequence more than there are questions holds the shared prefix.
  const std::size_t sequences = 1 + options_.streams;

  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  llama_context_params parameters = llama_context_default_params();
  parameters.n_seq_max = static_cast<std::uint32_t>(sequences);
  parameters.n_ctx = static_cast<std::uint32_t>(tokens_per_stream_ * sequences);
  parameters.n_batch = static_cast<std::uint32_t>(std::max(tokens_per_stream_, kPhysicalBatch));
  parameters.n_ubatch = kPhysicalBatch;
  parameters.n_threads = parameters.n_threads_batch = options_.threads > 0 ? options_.threads : cores;
  // In a unified cache the evaluation of one question would depend on the others beside it.
  parameters.kv_unified = false;
  parameters.no_perf = true;

  context_ = llama_init_from_model(model_.handle(), parameters);
  if (context_ == nullptr) {
    throw Error(ErrorKind::unavailable, fmt::format("not enough memory for {} questions at once", options_.streams),
                "ask fewer at once: --concurrency 1");
  }

  for (std::size_t i = 0; i < options_.streams; ++i) {
    streams_.push_back(std::make_unique<Stream>());
    streams_.back()->sequence = static_cast<int>(i) + 1;
  }
}

std::size_t Decoder::free_streams() const {
  return static_cast<std::size_t>(std::ranges::count_if(streams_, [](const auto& s) { return !s->busy; }));
}

// Copies the whole sequence, because llama.cpp cannot copy a part of one across streams.
void Decoder::copy_stream(int from, int to) {
  llama_memory_t memory = llama_get_memory(context_);
  llama_memory_seq_rm(memory, to, -1, -1);
  llama_memory_seq_cp(memory, from, to, -1, -1);
}

void Decoder::begin_answer(Stream& stream, const Wanted& wanted, const float* logits) {
  stream.wanted = wanted;
  stream.text = opening_text_;
  stream.place = after_opening_;
  stream.tokens_out = static_cast<long>(opening_.size());
  stream.evaluated = 0;

  stream.pending.clear();
  stream.busy = true;
  stream.finished = stream.cut_short = false;

  stream.random = RandomUnit(wanted.seed);
  choose(stream, logits);
}

void Decoder::start(const std::vector<Wanted>& wanted) {
  std::map<std::string, std::vector<const Wanted*>> by_text;
  for (const Wanted& w : wanted) by_text[w.user_text].push_back(&w);

  std::map<std::string, std::vector<Token>> tokens_of;
  for (const auto& [text, group] : by_text) {
    std::vector<Token>& tokens = tokens_of[text];
    tokens = model_.tokens(model_.chat_template().render(system_, text).own, false);
    tokens.insert(tokens.end(), opening_.begin(), opening_.end());
    work_.prompt_all += static_cast<double>(tokens.size());
  }
  not_begun_ = wanted.size();
  tell_work();

  // Equal texts are evaluated once, and the stream is copied for each question.
  for (const auto& [text, group] : by_text) {
    const auto started = SteadyClock::now();
    const std::vector<Token>& tokens = tokens_of[text];

    std::vector<Stream*> taken;
    for (const auto& s : streams_) {
      if (!s->busy && taken.size() < group.size()) taken.push_back(s.get());
    }

    Stream& first = *taken[0];
    copy_stream(kPrefixSequence, first.sequence);
    Batch batch(tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      batch.add(tokens[i], static_cast<llama_pos>(prefix_tokens_ + i), first.sequence, i + 1 == tokens.size());
    }
    batch.decode(context_);

    const float* logits = llama_get_logits_ith(context_, batch.size() - 1);
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (i > 0) copy_stream(first.sequence, taken[i]->sequence);
      taken[i]->position = static_cast<int>(prefix_tokens_ + tokens.size());
      taken[i]->prompt_tokens = taken[i]->position - static_cast<long>(opening_.size());
      taken[i]->started = started;
      begin_answer(*taken[i], *group[i], logits);
    }
    not_begun_ -= group.size();
    work_.prompt += static_cast<double>(tokens.size());
    tell_work();
  }
}

// An answer takes about as much as those that ended; one that has taken more already takes a little more still.
void Decoder::tell_work() {
  const double usual = ended_ > 0 ? usual_output() : options_.usual_output;
  WorkDone told = work_;
  told.output_all = ended_output_ + usual * static_cast<double>(not_begun_);
  for (const auto& s : streams_) {
    if (!s->busy) continue;
    const auto evaluated = static_cast<double>(s->evaluated);
    told.output_all += s->finished || s->cut_short ? evaluated : std::max(usual, evaluated * kOutgrown);
  }
  options_.tell(told);
}

// Samples from the softmax over what the form allows, in token order, so that the same draw gives the same token
// everywhere.
Token Decoder::sampled(Stream& stream, const float* logits, const std::vector<Token>& allowed) const {
  const auto logit = [&](Token t) { return static_cast<double>(logits[t]); };
  const Token best = *std::ranges::max_element(allowed, [&](Token a, Token b) { return logit(a) < logit(b); });
  if (options_.temperature <= 0.0) return best;
  double total = 0.0;
  for (const Token t : allowed) total += std::exp((logit(t) - logit(best)) / options_.temperature);
  double left = stream.random.next() * total;
  for (const Token t : allowed) {
    left -= std::exp((logit(t) - logit(best)) / options_.temperature);
    if (left < 0.0) return t;
  }
  return best;
}

void Decoder::choose(Stream& stream, const float* logits) {
  const Token token = sampled(stream, logits, allowed_tokens(form_, model_, stream.place));
  stream.text += model_.piece(token);
  const AnswerForm::Forced forced = form_.forced(*form_.after(stream.place, model_.piece(token)));
  stream.text += forced.text;
  stream.place = forced.place;
  const std::vector<Token> appended = model_.tokens(forced.text);
  stream.tokens_out += 1 + static_cast<long>(appended.size());
  stream.finished = form_.is_done(stream.place);
  stream.cut_short = stream.tokens_out > stream.wanted.max_output_tokens;
  stream.pending = {token};
  stream.pending.insert(stream.pending.end(), appended.begin(), appended.end());
}

// Evaluates streams whose pending texts are equally long. Each text is evaluated in one piece, whatever is beside it.
void Decoder::decode(const std::vector<Stream*>& streams) {
  Batch batch(streams.size() * streams[0]->pending.size());
  std::vector<int> rows;
  for (Stream* s : streams) {
    for (std::size_t i = 0; i < s->pending.size(); ++i) {
      batch.add(s->pending[i], s->position++, s->sequence, i + 1 == s->pending.size());
    }
    s->evaluated += static_cast<long>(s->pending.size());
    rows.push_back(batch.size() - 1);
  }
  batch.decode(context_);
  work_.output += static_cast<double>(batch.size());
  for (std::size_t i = 0; i < streams.size(); ++i) { choose(*streams[i], llama_get_logits_ith(context_, rows[i])); }
  tell_work();
}

std::vector<Decoded> Decoder::step() {
  std::map<std::size_t, std::vector<Stream*>> by_length;
  for (const auto& s : streams_) {
    if (s->busy && !s->finished && !s->cut_short) by_length[s->pending.size()].push_back(s.get());
  }
  for (const auto& [length, group] : by_length) decode(group);

  std::vector<Decoded> done;
  for (const auto& s : streams_) {
    if (!s->busy || !(s->finished || s->cut_short)) continue;
    s->busy = false;
    ++ended_;
    ended_output_ += static_cast<double>(s->evaluated);
    const double elapsed = std::chrono::duration<double, std::milli>(SteadyClock::now() - s->started).count();
    done.push_back({.ticket = s->wanted.ticket,
                    .text = s->text,
                    .cut_short = s->cut_short,
                    .tokens_in = s->prompt_tokens,
                    .tokens_out = s->tokens_out,
                    .latency_ms = elapsed});
  }
  return done;
}

}  // namespace heretix
