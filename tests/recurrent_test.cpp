// The tree of numbers on models whose state cannot be cut off at a token.
#include <gtest/gtest.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "asked_once.hpp"
#include "belief/plan/plan.hpp"
#include "belief/prompt/banks.hpp"
#include "belief/readout/number_tree.hpp"
#include "belief/readout/parts.hpp"
#include "made_gguf.hpp"
#include "models/llama/answer_form.hpp"
#include "models/llama/llama_provider.hpp"
#include "models/llama/model.hpp"

namespace heretix {
namespace {

constexpr double kTemperature = 8;  // drawn weights are sure of themselves; so many numbers are likely

Plan expected_plan(const Provider& provider, int templates) {
  Recipe recipe{.claim = parse_claim("Copper conducts electricity better than iron"),
                .model = provider.facts().model,
                .mode = provider.facts().mode,
                .sampling = {}};
  recipe.mode.with("readout", "expected");
  recipe.sampling.slots = templates;
  recipe.sampling.replicates = 1;
  return make_plan(recipe, PromptBanks(HERETIX_PROMPTS).get("heretix_v1"));
}

// The logits after these tokens, evaluated from the first of them in a context of their own.
std::vector<float> logits_after(const LlamaModel& model, std::vector<Token> tokens) {
  llama_context_params parameters = llama_context_default_params();
  parameters.n_ctx = 1024;
  parameters.n_batch = 1024;
  parameters.no_perf = true;
  const std::unique_ptr<llama_context, decltype(&llama_free)> context(llama_init_from_model(model.handle(), parameters),
                                                                      llama_free);
  EXPECT_EQ(llama_decode(context.get(), llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))), 0);
  const float* logits = llama_get_logits_ith(context.get(), -1);
  return {logits, logits + model.vocabulary_size()};
}

// The masses of all numbers that are likelier than `least`, each by evaluating every way to it anew.
class Enumerated {
 public:
  Enumerated(const LlamaModel& model, std::vector<Token> prompt, double least)
      : model_(model), prompt_(std::move(prompt)), least_(least) {
    walk({}, form_.forced(form_.start()).place, "", 1);
  }
  std::map<std::string, double> numbers;

 private:
  void walk(const std::vector<Token>& path, AnswerForm::Place place, const std::string& text, double mass) {
    std::vector<Token> tokens = prompt_;
    tokens.insert(tokens.end(), path.begin(), path.end());
    const std::vector<float> logits = logits_after(model_, tokens);

    std::vector<std::pair<Token, double>> allowed;
    double total = 0;
    for (Token t = 0; t < static_cast<Token>(model_.vocabulary_size()); ++t) {
      if (model_.piece(t).empty() || !form_.after(place, model_.piece(t))) continue;
      allowed.emplace_back(t, std::exp(static_cast<double>(logits[static_cast<std::size_t>(t)]) / kTemperature));
      total += allowed.back().second;
    }
    for (const auto& [token, weight] : allowed) go_on(path, place, text, mass * weight / total, token);
  }

  void go_on(std::vector<Token> path, AnswerForm::Place place, std::string text, double mass, Token token) {
    if (mass < least_) return;
    const AnswerForm::Forced forced = form_.forced(*form_.after(place, model_.piece(token)));
    text += model_.piece(token) + forced.text;
    if (const std::size_t end = text.find(','); end != std::string::npos) {
      numbers[text.substr(0, end)] += mass;
      return;
    }
    path.push_back(token);
    const std::vector<Token> appended = model_.tokens(forced.text);
    path.insert(path.end(), appended.begin(), appended.end());
    walk(path, forced.place, text, mass);
  }

  const LlamaModel& model_;
  AnswerForm form_ = AnswerForm::belief();
  std::vector<Token> prompt_;
  double least_;
};

std::map<std::size_t, Reply> replies_of(Provider& provider, const Plan& asked) {
  AskedOnce round(asked.questions.size());
  provider.answer(asked, round);
  return std::move(round.replies);
}

void expect_the_numbers_of_a_fresh_evaluation(const std::string& path) {
  const auto provider = make_llama_provider({.path = path, .temperature = kTemperature, .concurrency = 4});
  ASSERT_EQ(provider->why_not(Readout::expected), "");
  const Plan plan = expected_plan(*provider, 3);
  const Parts parts(plan);
  const auto together = replies_of(*provider, parts.to_ask());
  ASSERT_EQ(together.size(), 3U);

  const auto alone = make_llama_provider({.path = path, .temperature = kTemperature, .concurrency = 1, .threads = 1});
  for (const auto& [question, reply] : replies_of(*alone, parts.to_ask())) {
    const NumberSpread a = spread_from(nlohmann::json::parse(reply.logprobs));
    const NumberSpread b = spread_from(nlohmann::json::parse(together.at(question).logprobs));
    EXPECT_NEAR(a.expected(), b.expected(), 1e-4) << "alone and in company";
  }

  const LlamaModel model(path);
  const ChatPrompt prompt = model.chat_template().render(plan.system_text, parts.to_ask().questions[0].user_text);
  std::vector<Token> tokens = model.tokens(prompt.shared, true);
  for (const Token t : model.tokens(prompt.own, false)) tokens.push_back(t);
  for (const Token t : model.tokens(std::string(kAnswerOpening))) tokens.push_back(t);

  const NumberSpread spread = spread_from(nlohmann::json::parse(together.at(0).logprobs));
  const Enumerated by_hand(model, tokens, 0.004);
  double mean = 0, seen = 0;
  std::size_t compared = 0;
  for (const auto& [number, mass] : by_hand.numbers) {
    mean += mass * std::stod(number);
    seen += mass;
    if (!spread.numbers.contains(number)) continue;  // within a branch that is too narrow to look into
    EXPECT_NEAR(spread.numbers.at(number), mass, 2e-4) << number;
    ++compared;
  }

  // What was too unlikely to enumerate lies between 0 and 1.
  EXPECT_GE(compared, 1U);
  EXPECT_LE(spread.low(), mean + (1 - seen) + 2e-4);
  EXPECT_GE(spread.high(), mean - 2e-4);
}

TEST(ExpectedAnswer, IsThatOfAFreshEvaluationForARecurrentModel) {
  const TemporaryGguf file("mamba");
  make_recurrent_gguf(HERETIX_TEST_MODEL, file.path());
  expect_the_numbers_of_a_fresh_evaluation(file.path());
}

TEST(ExpectedAnswer, IsThatOfAFreshEvaluationForAHybridModel) {
  const TemporaryGguf file("lfm2");
  make_hybrid_gguf(HERETIX_TEST_MODEL, file.path());
  const LlamaModel model(file.path());
  ASSERT_TRUE(llama_model_is_hybrid(model.handle()));
  expect_the_numbers_of_a_fresh_evaluation(file.path());
}

}  // namespace
}  // namespace heretix
