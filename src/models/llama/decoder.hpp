// Writes the answers to several questions side by side; the prefix that they share is evaluated only once. What is read
// off token probabilities is not written: models/llama/answer_reader.hpp.
//
// Every question has a stream of its own (kv_unified = false), and what is evaluated for it in one call never depends
// on the other questions. So its answer is the same to the bit whether it is asked alone, in company, or resumed
// (docs/models.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "belief/plan/recipe.hpp"
#include "models/llama/answer_form.hpp"
#include "models/llama/model.hpp"
#include "models/provider.hpp"

struct llama_context;

namespace heretix {

struct DecoderOptions {
  std::size_t streams = 16;               // questions side by side
  int threads = 0;                        // 0: as many as the machine has cores
  double temperature = 1.0;               // 0: greedy
  Readout readout = Readout::verbalized;  // or frequency
  double usual_output = 0;                // tokens that are evaluated for an answer, about; 0: not known yet
  std::function<void(const WorkDone&)> tell = [](const WorkDone&) {};  // after each evaluation
};

// One question for the decoder.
struct Wanted {
  std::size_t ticket = 0;  // handed back with the answer
  std::string user_text;
  std::uint64_t seed = 0;  // of its sampling
  int max_output_tokens = 1024;
};

struct Decoded {
  std::size_t ticket = 0;
  std::string text;
  std::string logprobs{};  // of a readout that is not written: what parts of an answer are made of (belief/readout/)
  bool cut_short = false;  // max_output_tokens reached
  long tokens_in = 0;
  long tokens_out = 0;
  double latency_ms = 0;
};

class Decoder {
 public:
  // `longest_user`: the longest user text to come, which sizes the context. Throws Error{bad_input} where prompt and
  // answer do not fit the model's context, Error{unavailable} where memory does not suffice.
  Decoder(const LlamaModel& model, const std::string& system, const std::string& longest_user,
          const DecoderOptions& options);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Whether questions of `system` and `longest_user` can be asked here too, with options that are equal but for what is
  // told. The shared prefix is then not evaluated again.
  bool suits(const std::string& system, const std::string& longest_user, const DecoderOptions& options) const;

  // Tells from now on what is done for other questions. Only while it is idle.
  void begin_anew(std::function<void(const WorkDone&)> tell);

  std::size_t free_streams() const;
  bool is_idle() const { return free_streams() == streams_.size(); }

  // At most free_streams() of them. Equal user texts are evaluated once.
  void start(const std::vector<Wanted>& wanted);

  // Takes one step of every question in progress and returns the answers that ended with it.
  std::vector<Decoded> step();

  // How many tokens were evaluated for an answer, on the average; 0 before the first one ended.
  double usual_output() const { return ended_ == 0 ? 0 : ended_output_ / static_cast<double>(ended_); }

 private:
  struct Stream;

  std::size_t context_for(const std::string& longest_user) const;
  void make_context();
  void tell_work();
  void decode(const std::vector<Stream*>& streams);
  void copy_stream(int from, int to);
  void begin_answer(Stream& stream, const Wanted& wanted, const float* logits);
  void choose(Stream& stream, const float* logits);
  Token sampled(Stream& stream, const float* logits, const std::vector<Token>& allowed) const;

  const LlamaModel& model_;
  DecoderOptions options_;
  AnswerForm form_;
  llama_context* context_ = nullptr;
  std::string system_;
  std::vector<Token> opening_;  // the form's forced beginning, evaluated with the prompt
  AnswerForm::Place after_opening_;
  std::string opening_text_;
  std::size_t prefix_tokens_ = 0;
  std::size_t tokens_per_stream_ = 0;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::size_t not_begun_ = 0;  // questions that start() has not come to
  WorkDone work_;              // output_all is worked out when it is told
  std::size_t ended_ = 0;
  double ended_output_ = 0;  // tokens
};

}  // namespace heretix
