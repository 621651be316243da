// Sixteen questions to the embedded model: one by one, and as the program asks them.
//
// usage: bench_llama MODEL.gguf PROMPT_FOLDER
//
// One by one evaluates every prompt from its first token and decodes every token of the answer, forced or not. The
// program shares the prefix, evaluates equal prompts once, appends forced text in one step and skips the forced tail.
#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "belief/prompt/banks.hpp"
#include "measure/run_check.hpp"
#include "models/llama/decoder.hpp"

namespace {

using namespace heretix;

Plan sixteen_questions(const PromptBanks& banks) {
  const Recipe recipe{
      .claim = {"Tariffs cause inflation"}, .model = ModelName("bench"), .mode = Mode::live(), .sampling = {}};
  return make_plan(recipe, banks.get("heretix_v1"));
}

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Greedy within the form, as plainly as it can be written.
std::size_t ask_alone(const LlamaModel& model, const Plan& plan, const Question& question, const AnswerForm& form) {
  llama_context_params parameters = llama_context_default_params();
  parameters.n_ctx = 512;
  parameters.n_threads = parameters.n_threads_batch = static_cast<int>(std::thread::hardware_concurrency());
  llama_context* context = llama_init_from_model(model.handle(), parameters);
  const ChatPrompt prompt = model.chat_template().render(plan.system_text, question.user_text);
  std::vector<Token> tokens = model.tokens(prompt.shared, true);
  for (const Token t : model.tokens(prompt.own, false)) tokens.push_back(t);
  std::size_t evaluated = 0;
  AnswerForm::Place place = form.start();
  while (!form.is_done(place)) {
    llama_decode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size())));
    evaluated += tokens.size();
    const float* logits = llama_get_logits_ith(context, -1);
    Token best = -1;
    for (const char byte : form.allowed(place)) {
      for (const Token t : model.starting_with(byte)) {
        if (form.after(place, model.piece(t)) && (best < 0 || logits[t] > logits[best])) best = t;
      }
    }
    place = *form.after(place, model.piece(best));
    tokens = {best};
  }
  llama_free(context);
  return evaluated;
}

void ask_together(const LlamaModel& model, const Plan& plan) {
  std::string longest;
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < plan.questions.size(); ++i) {
    wanted.push_back({i, plan.questions[i].user_text, i, 1024});
    if (plan.questions[i].user_text.size() > longest.size()) longest = plan.questions[i].user_text;
  }
  double prefix = 0, prompts = 0, answers = 0;
  std::unique_ptr<Decoder> decoder;
  prefix = seconds(
      [&] { decoder = std::make_unique<Decoder>(model, plan.system_text, longest, DecoderOptions{.streams = 16}); });
  prompts = seconds([&] { decoder->start(wanted); });
  answers = seconds([&] {
    while (!decoder->is_idle()) decoder->step();
  });
  fmt::print("  of it: context and prefix {:.2f} s, prompts {:.2f} s, answers {:.2f} s\n", prefix, prompts, answers);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    fmt::print(stderr, "usage: bench_llama MODEL.gguf PROMPT_FOLDER\n");
    return 2;
  }
  const LlamaModel model(arguments[1]);
  const Plan plan = sixteen_questions(PromptBanks(arguments[2]));
  const AnswerForm form = AnswerForm::belief();
  std::size_t tokens = 0;
  const double alone = seconds([&] {
    for (const Question& q : plan.questions) tokens += ask_alone(model, plan, q, form);
  });
  fmt::print("one by one   {:6.2f} s  ({} tokens evaluated)\n", alone, tokens);
  double best = 1e9;
  for (int i = 0; i < 3; ++i) best = std::min(best, seconds([&] { ask_together(model, plan); }));
  fmt::print("as we ask    {:6.2f} s  {:.1f} times faster\n", best, alone / best);
}
