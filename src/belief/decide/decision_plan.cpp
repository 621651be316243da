#include "belief/decide/decision_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/resolution.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/estimate/shuffle.hpp"
#include "belief/readout/parts.hpp"
#include "belief/readout/statement.hpp"

namespace heretix {
namespace {

using Order = std::vector<std::size_t>;

constexpr std::string_view kStateMark = "{STATE}";
constexpr std::string_view kOptionsMark = "{OPTIONS}";
constexpr std::string_view kOptionMark = "{OPTION}";
constexpr std::size_t kStateDigits = 16;
constexpr int kRounds = 200;  // of fitting groups; each takes most of what is left

// What a mark stands for.
struct Filling {
  std::string_view mark;
  std::string_view text;
};

// All marks in one pass, so that nothing in a text that is filled in is taken for a mark.
std::string filled(std::string_view text, const std::vector<Filling>& fillings) {
  std::string made;
  while (!text.empty()) {
    std::size_t first = std::string_view::npos;
    const Filling* next = nullptr;
    for (const Filling& filling : fillings) {
      const std::size_t at = text.find(filling.mark);
      if (at >= first) continue;
      first = at;
      next = &filling;
    }
    made += text.substr(0, first);
    if (next == nullptr) break;
    made += next->text;
    text.remove_prefix(first + next->mark.size());
  }
  return made;
}

// As many rows as there are prompts for all options, read column by column: so each group of the second order meets
// every group of the first.
Order across(const Order& order) {
  const std::size_t rows = (order.size() + kMostLetters - 1) / kMostLetters;
  const std::size_t columns = (order.size() + rows - 1) / rows;
  Order made;
  for (std::size_t column = 0; column < columns; ++column) {
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t at = row * columns + column;
      if (at < order.size()) made.push_back(order[at]);
    }
  }
  return made;
}

// Runs of at most kMostLetters, as even as they can be.
std::vector<Order> groups_of(const Order& order) {
  const std::size_t count = (order.size() + kMostLetters - 1) / kMostLetters;
  std::vector<Order> groups;
  for (std::size_t g = 0; g < count; ++g) {
    const auto from = static_cast<std::ptrdiff_t>(g * order.size() / count);
    const auto to = static_cast<std::ptrdiff_t>((g + 1) * order.size() / count);
    groups.emplace_back(order.begin() + from, order.begin() + to);
  }
  return groups;
}

std::string shown(const DecisionQuestion& question, std::size_t option) {
  const DecisionOption& it = question.options[option];
  if (question.kind == DecisionKind::score) return it.description;
  return it.description.empty() ? it.name : it.name + ": " + it.description;
}

std::string list_with_letters(const DecisionQuestion& question, const Order& options) {
  std::string list;
  for (std::size_t i = 0; i < options.size(); ++i)
    list += fmt::format("{}{}. {}", i == 0 ? "" : "\n", static_cast<char>('A' + i), shown(question, options[i]));
  return list;
}

std::string list_in_a_row(const DecisionQuestion& question, const Order& options) {
  std::string list;
  for (const std::size_t option : options) list += (list.empty() ? "" : " | ") + shown(question, option);
  return list;
}

class Planner {
 public:
  Planner(const DecisionQuestion& question, const std::string& state, const OptionAsked& asked, const PromptBank& bank)
      : question_(question),
        asked_(asked),
        bank_(bank_for_state(bank, state)),
        text_(question.text()),
        seed_(first_eight_bytes(sha256(fmt::format("systemone|{}|{}", asked.model, decision_key(state, question))))) {
    made_.options = question.options.size();
    Plan& plan = made_.plan;
    plan.recipe = {.claim = parse_claim(text_), .model = asked.model, .mode = asked.mode, .sampling = {}};
    plan.recipe.mode.with("readout", std::string(to_word(Readout::decision)));
    if (!asked.form.empty()) plan.recipe.mode.with("asked", asked.form);
    plan.recipe.mode.with("part", "1");
    plan.recipe.sampling.max_output_tokens = kPartTokens;
    plan.prompt_version = bank_.version;
    plan.bank_sha256 = bank_.sha256();
    plan.system_text = bank_.full_system();
    plan.run_id = RecipeId{"heretix-decision"};
    plan.bank_size = static_cast<int>(bank_.paraphrases.size());
  }

  void add(std::size_t wording) {
    const std::size_t text = (seed_ % bank_.paraphrases.size() + wording) % bank_.paraphrases.size();
    for (const Order& options : groups_of(order_of(wording))) {
      if (asked_.method == OptionMethod::letters) add_letters({.number = wording, .text = text}, options);
      else add_statements({.number = wording, .text = text}, options);
    }
    ++made_.wordings;
  }

  OptionPlan made() { return std::move(made_); }

 private:
  // Two wordings have the same order, so that a model evaluates its options once for both. The next two have it the
  // other way round. Levels of a score are never shuffled.
  Order order_of(std::size_t wording) const {
    Order order(question_.options.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t number = wording / 2;
    if (question_.kind == DecisionKind::choice) {
      std::vector<int> places(order.size());
      std::iota(places.begin(), places.end(), 0);
      Rng rng(seed_ + number / 2);
      shuffle(places, rng);
      Order shuffled;
      for (const int place : places) shuffled.push_back(order[static_cast<std::size_t>(place)]);
      order = shuffled;
    }
    if (number % 2 == 0) return order;
    if (order.size() > kMostLetters) order = across(order);
    std::ranges::reverse(order);
    return order;
  }

  // Which wording it is, and where its text stands in the bank.
  struct Wording {
    std::size_t number;
    std::size_t text;
  };

  void add_letters(const Wording& wording, const Order& options) {
    const std::string list = list_with_letters(question_, options);
    const std::vector<Filling> fillings = {{kClaimMark, text_}, {kOptionsMark, list}};
    const std::string user = filled(bank_.paraphrases[wording.text], fillings) + "\n\n" + bank_.user_template;
    add({.wording = wording.number, .options = options}, user, false);
  }

  void add_statements(const Wording& wording, const Order& options) {
    const std::string list = list_in_a_row(question_, options);
    for (const std::size_t subject : options) {
      const std::string option = shown(question_, subject);
      const std::vector<Filling> fillings = {{kClaimMark, text_}, {kOptionsMark, list}, {kOptionMark, option}};
      const OptionPrompt prompt{.wording = wording.number, .options = options, .subject = subject};
      add(prompt, filled(bank_.paraphrases[wording.text], fillings), false);
      add(prompt, filled(bank_.negations[wording.text], fillings), true);
    }
  }

  void add(const OptionPrompt& prompt, std::string text, bool is_negation) {
    Question question;
    question.paraphrase_idx = static_cast<int>(prompt.wording);
    question.is_part = true;
    question.is_negation = is_negation;
    question.user_text = std::move(text);
    question.prompt_sha256 = prompt_sha256(made_.plan.system_text, question.user_text);
    question.cache_key =
        cache_key(made_.plan.recipe, made_.plan.prompt_version, question.prompt_sha256, question.replicate_idx);
    made_.plan.questions.push_back(std::move(question));
    made_.prompts.push_back(prompt);
  }

  const DecisionQuestion& question_;
  const OptionAsked& asked_;
  const PromptBank bank_;
  const std::string text_;
  const std::uint64_t seed_;
  OptionPlan made_;
};

// What a prompt showed, in log-probabilities among the options that it showed.
struct Seen {
  const OptionPrompt* prompt;
  std::vector<double> logs;
};

// Options that were never shown together are compared over those that each was shown with: every option has one height
// for all prompts, every prompt an offset of its own, and both are fitted by least squares. With a single prompt a
// wording nothing is left to fit.
std::vector<double> offsets_of(const std::vector<Seen>& seen, std::size_t options) {
  std::vector<double> height(options, 0.0), offset(seen.size(), 0.0);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> sum(options, 0.0), count(options, 0.0);
    for (std::size_t s = 0; s < seen.size(); ++s) {
      for (std::size_t i = 0; i < seen[s].logs.size(); ++i) {
        sum[seen[s].prompt->options[i]] += seen[s].logs[i] - offset[s];
        count[seen[s].prompt->options[i]] += 1;
      }
    }
    for (std::size_t k = 0; k < options; ++k) height[k] = count[k] > 0 ? sum[k] / count[k] : 0.0;
    for (std::size_t s = 0; s < seen.size(); ++s) {
      double left = 0;
      for (std::size_t i = 0; i < seen[s].logs.size(); ++i)
        left += seen[s].logs[i] - height[seen[s].prompt->options[i]];
      offset[s] = left / static_cast<double>(seen[s].logs.size());
    }
  }
  return offset;
}

// Of heights in log-probability, as shares of their sum.
std::vector<double> shares_of_heights(std::vector<double> heights) {
  const double highest = std::ranges::max(heights);
  double sum = 0;
  for (double& height : heights) sum += height = std::exp(height - highest);
  for (double& height : heights) height /= sum;
  return heights;
}

std::vector<std::vector<double>> shares_by_letters(const OptionPlan& plan,
                                                   const std::vector<std::optional<Answer>>& answers) {
  std::vector<Seen> seen;
  std::vector<bool> is_whole(plan.wordings, true);
  for (std::size_t q = 0; q < plan.prompts.size(); ++q) {
    const OptionPrompt& prompt = plan.prompts[q];
    std::vector<double> letters;
    if (answers[q] && answers[q]->verdict.usable())
      letters = letters_from(answers[q]->raw_text.value_or(""), prompt.options.size());
    if (letters.empty()) {
      is_whole[prompt.wording] = false;
      continue;
    }
    for (double& share : letters) share = std::log(share);
    seen.push_back({&prompt, std::move(letters)});
  }
  std::erase_if(seen, [&](const Seen& one) { return !is_whole[one.prompt->wording]; });

  const std::vector<double> offset = offsets_of(seen, plan.options);
  std::vector<std::vector<double>> heights(plan.wordings, std::vector<double>(plan.options, 0.0));
  for (std::size_t s = 0; s < seen.size(); ++s) {
    const OptionPrompt& prompt = *seen[s].prompt;
    for (std::size_t i = 0; i < prompt.options.size(); ++i)
      heights[prompt.wording][prompt.options[i]] = seen[s].logs[i] - offset[s];
  }
  std::vector<std::vector<double>> shares;
  for (std::size_t w = 0; w < plan.wordings; ++w) {
    if (is_whole[w]) shares.push_back(shares_of_heights(std::move(heights[w])));
  }
  return shares;
}

std::vector<std::vector<double>> shares_by_statements(const OptionPlan& plan,
                                                      const std::vector<std::optional<Answer>>& answers) {
  std::vector<double> numbers;
  for (const auto& answer : answers) {
    if (answer && answer->verdict.usable() && answer->verdict.prob_true)
      numbers.push_back(answer->verdict.prob_true->value());
  }
  const double step = step_of(numbers);

  std::vector<bool> is_whole(plan.wordings, true);
  std::vector<std::vector<double>> all(plan.wordings, std::vector<double>(plan.options, 0.0));
  const auto stated = [&](std::size_t q) -> std::optional<double> {
    if (!answers[q] || !answers[q]->verdict.usable() || !answers[q]->verdict.prob_true) return std::nullopt;
    return answers[q]->verdict.prob_true->value();
  };
  for (std::size_t q = 0; q + 1 < plan.prompts.size(); q += 2) {
    const auto claim = stated(q), negation = stated(q + 1);
    const OptionPrompt& prompt = plan.prompts[q];
    if (!claim || !negation) {
      is_whole[prompt.wording] = false;
      continue;
    }
    const StatedSides sides{.claim = *claim, .negation = *negation, .step = step};
    all[prompt.wording][prompt.subject] = to_probability(Logit{sides.belief_logit()}).value();
  }
  std::vector<std::vector<double>> shares;
  for (std::size_t w = 0; w < plan.wordings; ++w) {
    if (is_whole[w]) shares.push_back(std::move(all[w]));
  }
  return shares;
}

}  // namespace

std::string_view to_word(OptionMethod method) { return method == OptionMethod::letters ? "letters" : "statements"; }

PromptBank bank_for_state(PromptBank bank, const std::string& state) {
  const std::string said = is_blank(state) ? "Nothing is said." : state;
  bank.system = filled(bank.system, {{kStateMark, said}});
  bank.version += "+" + sha256_hex(said).substr(0, kStateDigits);
  return bank;
}

OptionPlan plan_options(const DecisionQuestion& question, const std::string& state, const OptionAsked& asked,
                        const PromptBank& bank, std::size_t wordings) {
  Planner planner(question, state, asked, bank);
  for (std::size_t w = 0; w < wordings; ++w) planner.add(w);
  return planner.made();
}

std::vector<std::vector<double>> option_shares(const OptionPlan& plan,
                                               const std::vector<std::optional<Answer>>& answers) {
  const bool by_statements = std::ranges::any_of(plan.plan.questions, &Question::is_negation);
  return by_statements ? shares_by_statements(plan, answers) : shares_by_letters(plan, answers);
}

}  // namespace heretix
