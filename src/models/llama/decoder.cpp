#include "models/llama/decoder.hpp"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "base/error.hpp"
#include "belief/readout/word_mass.hpp"
#include "models/llama/random_unit.hpp"
#include "models/llama/token_tree.hpp"

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

bool says_a_word(Readout readout) { return readout == Readout::token || readout == Readout::frequency; }

constexpr std::size_t kShownTokens = 20;  // of a first token that are neither True nor False

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
  std::string logprobs;
  std::optional<TokenTree> tree;  // of an expected readout
  int answer_begins = 0;          // where its branches begin
  SteadyClock::time_point started;
};

Decoder::Decoder(const LlamaModel& model, const std::string& system, const std::string& longest_user,
                 const DecoderOptions& options)
    : model_(model),
      options_(options),
      form_(says_a_word(options.readout) ? AnswerForm::word() : AnswerForm::belief()),
      system_(system) {
  const AnswerForm::Forced opening = form_.forced(form_.start());
  opening_text_ = opening.text;
  after_opening_ = opening.place;
  opening_ = model_.tokens(opening.text);
  const ChatPrompt prompt = model_.chat_template().render(system, longest_user);
  const std::vector<Token> prefix = model_.tokens(prompt.shared, true);
  // The bytes of a text bound its tokens, so this suffices for any other text of that length.
  const std::size_t longest =
      prefix.size() + model_.tokens(prompt.own, false).size() + longest_user.size() / 2 + kAnswerTokens;
  make_context((longest + kContextStep - 1) / kContextStep * kContextStep);
  prefix_tokens_ = prefix.size();
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

void Decoder::make_context(std::size_t tokens_per_stream) {
  if (tokens_per_stream > model_.trained_context() + kContextStep) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the prompt needs a context of {} tokens; {} was trained with {}", tokens_per_stream,
                            model_.file().name, model_.trained_context()),
                "shorten the claim, or use a model with a longer context");
  }

  // One sequence more than there are questions holds the shared prefix. Where a state cannot be cut off at a token,
  // each question that walks a tree has a second one, which holds the state that its branches begin from.
  keeps_states_ = options_.readout == Readout::expected &&
                  (llama_model_is_recurrent(model_.handle()) || llama_model_is_hybrid(model_.handle()));
  const std::size_t sequences = 1 + options_.streams * (keeps_states_ ? 2 : 1);

  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  llama_context_params parameters = llama_context_default_params();
  parameters.n_seq_max = static_cast<std::uint32_t>(sequences);
  parameters.n_ctx = static_cast<std::uint32_t>(tokens_per_stream * sequences);
  parameters.n_batch = static_cast<std::uint32_t>(std::max(tokens_per_stream, kPhysicalBatch));
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
  stream.logprobs.clear();
  stream.tree.reset();

  // A token readout needs only these first logits: its answer is complete.
  if (options_.readout == Readout::token) {
    stream.logprobs = first_token_probabilities(logits);
    stream.finished = true;
  } else if (options_.readout == Readout::expected) {
    stream.tree.emplace(after_opening_);
    stream.answer_begins = stream.position;
    if (keeps_states_) copy_stream(stream.sequence, kept_sequence(stream));
    grow_tree(stream, logits);
  } else {
    choose(stream, logits);
  }
}

// Grows the branch that the logits belong to, then sets up the next branch from the opening on.
void Decoder::grow_tree(Stream& stream, const float* logits) {
  TokenTree& tree = *stream.tree;
  const std::vector<Token> allowed = allowed_tokens(tree.next().place);
  tree.grow(form_, model_, allowed, softmax(logits, allowed));
  if (tree.is_done()) {
    const NumberSpread spread = tree.spread();
    const auto likeliest = std::ranges::max_element(spread.numbers, {}, [](const auto& item) { return item.second; });
    stream.text += likeliest->first;
    stream.logprobs = to_json(spread).dump();
    stream.finished = true;
    return;
  }
  stream.pending = tree.next().path;
  stream.tokens_out += static_cast<long>(stream.pending.size());
}

// Of the streams' sequences, those that keep a state follow on the others.
int Decoder::kept_sequence(const Stream& stream) const { return stream.sequence + static_cast<int>(options_.streams); }

// Goes back to the opening, because what one branch evaluated does not belong to the next. The state of a recurrent
// model, wholly or in part, is a single one that every token changes: it is copied from where it was kept.
void Decoder::rewind(Stream& stream) {
  if (keeps_states_) {
    copy_stream(kept_sequence(stream), stream.sequence);
  } else if (!llama_memory_seq_rm(llama_get_memory(context_), stream.sequence, stream.answer_begins, -1)) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{} cannot go back in a text, which the readout expected needs", model_.file().name),
                "use another readout: --readout token or verbalized");
  }
  stream.position = stream.answer_begins;
}

// The probabilities in the form of Chat Completions: every token that begins True or False, and the likeliest others.
std::string Decoder::first_token_probabilities(const float* logits) const {
  std::vector<Token> all(model_.vocabulary_size());
  std::iota(all.begin(), all.end(), 0);
  const std::vector<double> p = softmax(logits, all);
  std::ranges::sort(all, [&](Token a, Token b) {
    return std::pair(-p[static_cast<std::size_t>(a)], a) < std::pair(-p[static_cast<std::size_t>(b)], b);
  });
  nlohmann::json shown = nlohmann::json::array();
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    const std::string& piece = model_.piece(all[rank]);
    const WordSide side = side_of(piece);
    const bool counts = !piece.empty() && (side == WordSide::yes || side == WordSide::no);
    const double probability = p[static_cast<std::size_t>(all[rank])];
    if (probability <= 0 || (!counts && rank >= kShownTokens)) continue;
    shown.push_back({{"token", piece}, {"logprob", std::log(probability)}});
  }
  const nlohmann::json step = {
      {"token", shown[0]["token"]}, {"logprob", shown[0]["logprob"]}, {"top_logprobs", shown}, {"complete", true}};
  return nlohmann::json::array({step}).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<double> Decoder::softmax(const float* logits, const std::vector<Token>& tokens) const {
  std::vector<double> p;
  double most = -std::numeric_limits<double>::infinity();
  for (const Token t : tokens) most = std::max(most, static_cast<double>(logits[t]));
  double total = 0;
  for (const Token t : tokens) {
    p.push_back(std::exp((static_cast<double>(logits[t]) - most) / options_.temperature));
    total += p.back();
  }
  for (double& each : p) each /= total;
  return p;
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

std::vector<Token> Decoder::allowed_tokens(AnswerForm::Place place) const {
  std::vector<Token> allowed;
  for (const char byte : form_.allowed(place)) {
    for (const Token token : model_.starting_with(byte)) {
      if (form_.after(place, model_.piece(token))) allowed.push_back(token);
    }
  }
  return allowed;
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
  const Token token = sampled(stream, logits, allowed_tokens(stream.place));
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
    if (s->tree) rewind(*s);
    for (std::size_t i = 0; i < s->pending.size(); ++i) {
      batch.add(s->pending[i], s->position++, s->sequence, i + 1 == s->pending.size());
    }
    s->evaluated += static_cast<long>(s->pending.size());
    rows.push_back(batch.size() - 1);
  }
  batch.decode(context_);
  work_.output += static_cast<double>(batch.size());
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const float* logits = llama_get_logits_ith(context_, rows[i]);
    if (streams[i]->tree) grow_tree(*streams[i], logits);
    else choose(*streams[i], logits);
  }
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
    done.push_back({s->wanted.ticket, s->text, s->logprobs, s->cut_short, s->prompt_tokens, s->tokens_out, elapsed});
  }
  return done;
}

}  // namespace heretix
