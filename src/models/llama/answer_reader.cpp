#include "models/llama/answer_reader.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "belief/readout/number_tree.hpp"
#include "belief/readout/word_mass.hpp"
#include "models/llama/token_choices.hpp"
#include "models/llama/token_tree.hpp"

namespace heretix {
namespace {

constexpr double kUsualEndings = 15;      // tokens of the branches of a tree of numbers; what the embedded model takes
constexpr std::size_t kShownTokens = 20;  // of a first token that are neither True nor False

// The part of the form that leaves no choice before the first number.
const AnswerForm::Forced& opening_of_numbers() {
  static const AnswerForm form = AnswerForm::belief();
  static const AnswerForm::Forced opening = form.forced(form.start());
  return opening;
}

// Or the beginning of one, where no number is as probable.
std::string likeliest_number(const NumberSpread& spread) {
  std::pair<double, std::string> likeliest{0, ""};
  for (const auto* masses : {&spread.numbers, &spread.open}) {
    for (const auto& [text, mass] : *masses) {
      if (mass > likeliest.first) likeliest = {mass, text};
    }
  }
  return likeliest.second;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): LlamaOptions has them in this order
AnswerReader::AnswerReader(const LlamaModel& model, double temperature, int threads)
    : model_(model), temperature_(temperature), threads_(model, Attention::plain, threads) {
  for (Token token = 0; token < static_cast<Token>(model.vocabulary_size()); ++token) {
    const std::string& piece = model.piece(token);
    const WordSide side = piece.empty() ? WordSide::neither : side_of(piece);
    if (side == WordSide::yes || side == WordSide::no) words_.push_back(token);
  }
}

TokenPrompt AnswerReader::prompt(const std::string& system, const std::string& user,
                                 const std::vector<Token>& opening) const {
  const ChatPrompt chat = model_.chat_template().render(system, user);
  TokenPrompt prompt{.tokens = model_.tokens(chat.shared, true)};
  prompt.state_ends = prompt.tokens.size();
  for (const std::vector<Token>& more : {model_.tokens(chat.own, false), opening})
    prompt.tokens.insert(prompt.tokens.end(), more.begin(), more.end());
  return prompt;
}

// The probabilities in the form of Chat Completions: every token that begins True or False, and the likeliest others.
std::string AnswerReader::first_token_probabilities(const float* logits) const {
  std::vector<Token> all(model_.vocabulary_size());
  std::iota(all.begin(), all.end(), 0);
  const std::vector<double> p = softmax(logits, all, temperature_);
  const auto is_likelier = [&](Token a, Token b) {
    return std::pair(-p[static_cast<std::size_t>(a)], a) < std::pair(-p[static_cast<std::size_t>(b)], b);
  };

  const std::size_t most = std::min(kShownTokens, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(most), is_likelier);
  all.resize(most);
  std::ranges::copy_if(words_, std::back_inserter(all), [&](Token word) {
    return std::find(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most), word) == all.end();
  });
  std::ranges::sort(all, is_likelier);

  nlohmann::json shown = nlohmann::json::array();
  for (const Token token : all) {
    const double probability = p[static_cast<std::size_t>(token)];
    if (probability > 0) shown.push_back({{"token", model_.piece(token)}, {"logprob", std::log(probability)}});
  }
  const nlohmann::json step = {
      {"token", shown[0]["token"]}, {"logprob", shown[0]["logprob"]}, {"top_logprobs", shown}, {"complete", true}};
  return nlohmann::json::array({step}).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void AnswerReader::read_numbers(PromptContext& context, const TokenPrompt& prompt, const std::function<bool()>& stopped,
                                Decoded& answer) {
  const AnswerForm form = AnswerForm::belief();
  TokenTree tree(opening_of_numbers().place);

  const auto grow = [&](const TokenTree::Branch& branch, const float* logits) {
    const std::vector<Token> allowed = allowed_tokens(form, model_, branch.place);
    tree.grow(branch, form, model_, allowed, softmax(logits, allowed, temperature_));
    answer.tokens_out += static_cast<long>(branch.path.size());
  };

  grow(tree.take(1).at(0), context.logits_after(prompt));
  for (auto branches = tree.take(kMostEndings); !branches.empty() && !stopped(); branches = tree.take(kMostEndings)) {
    std::vector<std::vector<Token>> paths;
    for (const TokenTree::Branch& branch : branches) paths.push_back(branch.path);
    context.logits_after_each(prompt, paths, [&](std::size_t i, const float* logits) { grow(branches[i], logits); });
  }

  const NumberSpread spread = tree.spread();
  answer.text += likeliest_number(spread);
  answer.logprobs = to_json(spread).dump();
  branches_ += tree.evaluated();
}

std::vector<std::size_t> AnswerReader::read(Readout readout, const std::string& system,
                                            const std::vector<Wanted>& wanted, const Came& came) {
  const bool is_expected = readout == Readout::expected;
  const std::string opening = is_expected ? opening_of_numbers().text : "";
  const std::vector<Token> opening_tokens = model_.tokens(opening);
  std::vector<TokenPrompt> prompts;
  for (const Wanted& question : wanted) prompts.push_back(prompt(system, question.user_text, opening_tokens));

  std::vector<Decoded> answers(wanted.size());
  PromptWork work{.shared = shared_by_all(prompts)};
  for (const TokenPrompt& prompt : prompts) {
    const std::size_t own = prompt.tokens.size() - work.shared.size();
    work.tokens.push_back(static_cast<double>(own) + (is_expected ? kUsualEndings : 0));
    work.longest = std::max(work.longest, prompt.tokens.size());
  }
  work.piece = [&](PromptContext& context, std::size_t i, const std::function<bool()>& stopped) {
    const auto started = std::chrono::steady_clock::now();
    Decoded& answer = answers[i];
    answer = {.ticket = wanted[i].ticket,
              .text = opening,
              .tokens_in = static_cast<long>(prompts[i].tokens.size() - opening_tokens.size()),
              .tokens_out = static_cast<long>(opening_tokens.size())};
    if (is_expected) read_numbers(context, prompts[i], stopped, answer);
    else answer.logprobs = first_token_probabilities(context.logits_after(prompts[i]));
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - started;
    answer.latency_ms = taken.count();
  };

  return threads_.run(work, [&](const std::vector<std::size_t>& done, const WorkDone& so_far) {
    std::vector<Decoded> read;
    for (const std::size_t i : done) read.push_back(std::move(answers[i]));
    return came(std::move(read), so_far);
  });
}

}  // namespace heretix
