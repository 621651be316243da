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

constexpr std::size_t kStreams = 16;

Plan sixteen_questions(const PromptBanks& banks, const char* claim) {
  const Recipe recipe{.claim = {claim}, .model = ModelName("bench"), .mode = Mode::live(), .sampling = {}};
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

struct Spent {
  double prefix = 0;  // seconds, as all of them
  double prompts = 0;
  double answers = 0;

  double all() const { return prefix + prompts + answers; }
};

// Every question of `plans`, which share one system text, with `streams` of them side by side.
Spent ask_together(const LlamaModel& model, const std::vector<Plan>& plans, std::size_t streams) {
  std::string longest;
  std::vector<Wanted> wanted;
  for (const Plan& plan : plans) {
    for (const Question& question : plan.questions) {
      wanted.push_back({wanted.size(), question.user_text, wanted.size() % plan.questions.size(), 1024});
      if (question.user_text.size() > longest.size()) longest = question.user_text;
    }
  }

  Spent spent;
  std::unique_ptr<Decoder> decoder;
  spent.prefix = seconds([&] {
    decoder = std::make_unique<Decoder>(model, plans[0].system_text, longest, DecoderOptions{.streams = streams});
  });
  spent.prompts = seconds([&] { decoder->start(wanted); });
  spent.answers = seconds([&] {
    while (!decoder->is_idle()) decoder->step();
  });
  return spent;
}

void compare_with_one_by_one(const LlamaModel& model, const Plan& plan) {
  const AnswerForm form = AnswerForm::belief();
  std::size_t tokens = 0;
  const double alone = seconds([&] {
    for (const Question& q : plan.questions) tokens += ask_alone(model, plan, q, form);
  });
  fmt::print("one by one   {:6.2f} s  ({} tokens evaluated)\n", alone, tokens);

  Spent best = ask_together(model, {plan}, kStreams);
  for (int i = 0; i < 2; ++i) {
    const Spent spent = ask_together(model, {plan}, kStreams);
    if (spent.all() < best.all()) best = spent;
  }
  fmt::print("  of it: context and prefix {:.2f} s, prompts {:.2f} s, answers {:.2f} s\n", best.prefix, best.prompts,
             best.answers);
  fmt::print("as we ask    {:6.2f} s  {:.1f} times faster\n", best.all(), alone / best.all());
}

// As the program asks the claims of a batch: one after the other, with the prefix of the first.
void ask_in_order(const LlamaModel& model, const std::vector<Plan>& plans) {
  std::string longest;
  for (const Plan& plan : plans) {
    for (const Question& question : plan.questions)
      if (question.user_text.size() > longest.size()) longest = question.user_text;
  }

  Decoder decoder(model, plans[0].system_text, longest, DecoderOptions{.streams = kStreams});
  for (const Plan& plan : plans) {
    std::vector<Wanted> wanted;
    for (std::size_t i = 0; i < plan.questions.size(); ++i) wanted.push_back({i, plan.questions[i].user_text, i, 1024});
    decoder.start(wanted);
    while (!decoder.is_idle()) decoder.step();
  }
}

// In turns, the best of three each.
void compare_with_a_shared_batch(const LlamaModel& model, const std::vector<Plan>& plans) {
  double alone = 1e9;
  double in_order = 1e9;
  double shared = 1e9;
  for (int i = 0; i < 3; ++i) {
    alone = std::min(alone, seconds([&] {
                       for (const Plan& plan : plans) ask_together(model, {plan}, kStreams);
                     }));
    in_order = std::min(in_order, seconds([&] { ask_in_order(model, plans); }));
    shared = std::min(shared, seconds([&] { ask_together(model, plans, plans.size() * kStreams); }));
  }
  fmt::print("{} claims, each by itself {:.2f} s, claim after claim {:.2f} s, in one batch {:.2f} s\n", plans.size(),
             alone, in_order, shared);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    fmt::print(stderr, "usage: bench_llama MODEL.gguf PROMPT_FOLDER\n");
    return 2;
  }
  const LlamaModel model(arguments[1]);
  const PromptBanks banks(arguments[2]);
  std::vector<Plan> plans;
  for (const char* claim : {"Tariffs cause inflation", "Coffee is bad for the heart", "The minimum wage costs jobs",
                            "Sugar makes children restless"})
    plans.push_back(sixteen_questions(banks, claim));

  compare_with_one_by_one(model, plans[0]);
  compare_with_a_shared_batch(model, plans);
}
