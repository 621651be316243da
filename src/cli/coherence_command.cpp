#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/measuring.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "studies/coherence/coherence.hpp"
#include "studies/coherence/negation.hpp"

namespace heretix {
namespace {

struct CoherenceOptions : MeasuringOptions {
  std::string negation;
  std::vector<std::string> paraphrases, also, either, implied;
};

// The claims that the command's relations need, each measured once.
class Measured {
 public:
  explicit Measured(Measuring& measuring) : measuring_(measuring) {}
  const Record& operator()(const std::string& claim) {
    const auto found = records_.find(claim);
    if (found != records_.end()) return found->second;
    return records_.emplace(claim, measuring_.measure(claim)).first->second;
  }
  std::vector<ExecutionId> executions() const {
    std::vector<ExecutionId> ids;
    for (const auto& [claim, record] : records_) ids.push_back(record.execution.execution_id);
    return ids;
  }

 private:
  Measuring& measuring_;
  std::map<std::string, Record> records_;
};

// "It is not the case that CLAIM": clumsy, but it says the opposite of any one sentence. Empty for a text that is more
// than that, or a question.
std::string negation_as_a_whole(const std::string& claim) {
  std::string statement = claim;
  if (statement.ends_with('.')) statement.pop_back();
  const bool is_one_sentence = statement.find_first_of("?!") == std::string::npos &&
                               statement.find(". ") == std::string::npos && statement.find('\n') == std::string::npos;
  return is_one_sentence ? "It is not the case that " + statement : std::string();
}

// Returns an empty text if there is no safe negation and other relations are asked for. Whatever is not made by a safe
// rule is told in a note.
std::string negation_of(const std::string& claim, const CoherenceOptions& options) {
  if (!options.negation.empty()) return options.negation;
  const auto found = negation_by_rule(claim);
  if (const auto* text = std::get_if<std::string>(&found)) return *text;

  const std::string what =
      fmt::format("no rule makes a safe negation of this claim: {}", std::get<NoSafeNegation>(found).reason);
  const bool has_others =
      !options.paraphrases.empty() || !options.also.empty() || !options.either.empty() || !options.implied.empty();
  if (has_others) {
    print_note(fmt::format("heretix: {}; give one with --negation \"…\"", what));
    return {};
  }

  std::string whole = negation_as_a_whole(claim);
  if (whole.empty()) throw Error(ErrorKind::bad_input, what, "write it yourself: --negation \"…\"");
  print_note(fmt::format("heretix: {}; asking \"{}\" (--negation takes your own)", what, on_one_line(whole)));
  return whole;
}

std::vector<std::string> claims_of(const std::string& claim, const CoherenceOptions& options,
                                   const std::string& negation) {
  std::vector<std::string> claims{claim};
  if (!negation.empty()) claims.push_back(negation);
  claims.insert(claims.end(), options.paraphrases.begin(), options.paraphrases.end());
  claims.insert(claims.end(), options.implied.begin(), options.implied.end());
  for (const std::string& other : options.also) claims.insert(claims.end(), {other, conjunction_of(claim, other)});
  for (const std::string& other : options.either) claims.insert(claims.end(), {other, disjunction_of(claim, other)});
  return claims;
}

// Of several claims the message names the one that will not do.
void require_statements(const std::vector<std::string>& claims, bool allow_question) {
  for (const std::string& claim : claims) {
    try {
      require_statement(parse_claim(claim).text, allow_question);
    } catch (const Error& e) {
      throw Error(e.kind(), fmt::format("\"{}\": {}", on_one_line(shortened(claim, 60)), e.what()), e.hint());
    }
  }
}

void add(CoherenceReport& report, std::vector<CoherenceCheck> checks) {
  report.checks.insert(report.checks.end(), checks.begin(), checks.end());
}

int coherence_command(const CoherenceOptions& options) {
  const std::string claim = parse_claim(options.flags.claim.value_or("")).text;
  const bool allow_question = allows_questions(options);
  require_statement(claim, allow_question);

  // Every claim is checked before the first one costs anything.
  const std::string negation = negation_of(claim, options);
  const std::vector<std::string> claims = claims_of(claim, options, negation);
  require_statements(claims, allow_question);

  Measuring measuring(options);
  measuring.tell_cost(claims);
  Measured measured(measuring);

  CoherenceReport report{
      .claim = claim, .model = measuring.facts().model, .beliefs = {}, .checks = {}, .executions = {}};
  if (!negation.empty()) {
    report.checks.push_back(check_negation(measured(claim), measured(negation)));
    report.free_of_acquiescence = acquiescence_free(measured(claim), measured(negation));
  }

  for (const std::string& other : options.paraphrases)
    report.checks.push_back(check_paraphrase(measured(claim), measured(other)));
  for (const std::string& other : options.also)
    add(report, check_conjunction(measured(claim), measured(other), measured(conjunction_of(claim, other))));
  for (const std::string& other : options.either)
    add(report, check_disjunction(measured(claim), measured(other), measured(disjunction_of(claim, other))));
  for (const std::string& other : options.implied)
    report.checks.push_back(check_consequence(measured(claim), measured(other)));

  for (const std::string& one : claims) {
    const bool is_told = std::ranges::find(report.beliefs, one, &ClaimBelief::claim) != report.beliefs.end();
    if (!is_told) report.beliefs.push_back(belief_in(measured(one)));
  }
  report.executions = measured.executions();
  show_document(to_document(report), to_json(report), options, measuring.facts().mode.is_mock());
  return options.strict && report.is_violated() ? kDifference : kDone;
}

}  // namespace

void register_coherence(CommandTable& table) {
  const auto [coherence, o] = table.add<CoherenceOptions>(
      "coherence", "test whether beliefs about related claims fit together, and show what it costs if they do not",
      coherence_command);
  coherence.add_option("claim", o.flags.claim, "one statement, called A below")->type_name("CLAIM")->required();

  const auto text = [&app = coherence](const char* name, std::vector<std::string>& into, const char* what) {
    app.add_option(name, into, what)->type_name("CLAIM")->allow_extra_args(false);
  };
  coherence
      .add_option("--negation,--not", o.negation,
                  "the negation of A (default: made by rule where that is safe, else \"It is not the case that A\"; "
                  "printed): p(A) + p(not A) = 1")
      ->type_name("CLAIM");
  text("--paraphrase", o.paraphrases, "A in other words, which is equally likely");
  text("--and", o.also, "another claim B: both together can be at most as likely as either");
  text("--or", o.either, "another claim B: at least one of the two must be at least as likely as either");
  text("--implies", o.implied, "a claim that follows from A, and so is at least as likely");

  add_plan_options(coherence, o);
  add_ask_options(coherence, o, "exit with 1 if a rule is broken");
  add_page(coherence, o);
  add_json(coherence, o);
}

}  // namespace heretix
