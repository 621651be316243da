// How a question of the System One API is put to a model: which wordings, in which order, with the options in which
// order.
//
// Everything follows from model, state and question alone. The first n wordings are the same whether n or more of them
// are asked, so that an answer is only ever extended. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "belief/answer/tally.hpp"
#include "belief/decide/decision_request.hpp"
#include "belief/plan/plan.hpp"
#include "belief/prompt/bank.hpp"
#include "belief/readout/letters.hpp"

namespace heretix {

inline constexpr const char* kStateQuestionBank = "heretix_questions_v1";
inline constexpr const char* kOptionBank = "heretix_options_v1";
inline constexpr const char* kLetterBank = "heretix_letters_v1";

inline constexpr std::size_t kLeastWordings = 4;
inline constexpr std::size_t kMostWordings = 16;

// The bank with this state in its place, and a version that names the state.
PromptBank bank_for_state(PromptBank bank, const std::string& state);

// How the probability of an option is found out.
enum class OptionMethod {
  letters,     // a prompt shows options with letters, and the probabilities of the letters are read
  statements,  // a statement and its negation for each option
};
std::string_view to_word(OptionMethod method);

// Whom a choice is put to, as far as keys depend on it.
struct OptionAsked {
  ModelName model;
  Mode mode = Mode::live();
  std::string form;  // of asking: part of every key
  OptionMethod method = OptionMethod::letters;
};

// One prompt of a choice, or a statement with its negation.
struct OptionPrompt {
  std::size_t wording = 0;
  std::vector<std::size_t> options{};  // that it shows, in that order
  std::size_t subject = 0;             // of a statement: the option that it is about
};

struct OptionPlan {
  Plan plan;                          // of parts, all of Readout::decision
  std::vector<OptionPrompt> prompts;  // by question; a statement's negation has the same
  std::size_t options = 0;
  std::size_t wordings = 0;
};

// The first `wordings` of them; the question is canonical. `bank` is the one of the method, as it is in its file.
// Throws Error{bad_input} for a text that is no claim.
OptionPlan plan_options(const DecisionQuestion& question, const std::string& state, const OptionAsked& asked,
                        const PromptBank& bank, std::size_t wordings);

// The probability of every option in every wording that can be used, by wording and then by option.
std::vector<std::vector<double>> option_shares(const OptionPlan& plan,
                                               const std::vector<std::optional<Answer>>& answers);

}  // namespace heretix
