#include "belief/record/contradictions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "belief/record/decision_facts.hpp"

namespace heretix {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<Contradiction> between_wordings(const Record& record) {
  std::vector<double> say_true, say_false;
  for (const TemplateResult& t : record.templates) {
    if (!t.value) continue;
    const double p = to_probability(*t.value).value();
    if (says_true(t.value->value())) say_true.push_back(p);
    if (says_false(t.value->value())) say_false.push_back(p);
  }
  if (say_true.empty() || say_false.empty()) return std::nullopt;
  return Contradiction{Contradiction::Kind::wordings, mean_of(say_false), mean_of(say_true)};
}

std::optional<Contradiction> between_replicates(const TemplateResult& t) {
  if (t.probabilities.empty()) return std::nullopt;
  const auto [low, high] = std::ranges::minmax(t.probabilities, {}, &Probability::value);
  if (low.value() > kLikelyFalse || high.value() < kLikelyTrue) return std::nullopt;
  return Contradiction{Contradiction::Kind::replicates, low.value(), high.value(), t.paraphrase_idx};
}

// "wording 3", "wordings 3 and 8"; from 1 on.
std::string named(const std::vector<Contradiction>& found, Contradiction::Kind kind) {
  std::set<int> numbers;
  for (const Contradiction& one : found) {
    if (one.kind == kind && one.paraphrase_idx) numbers.insert(shown_number(*one.paraphrase_idx));
  }
  if (numbers.empty()) return "";

  std::string text;
  for (const int number : numbers) {
    const char* before = text.empty() ? "" : number == *numbers.rbegin() ? " and " : ", ";
    text += before + std::to_string(number);
  }
  return (numbers.size() == 1 ? "wording " : "wordings ") + text;
}

}  // namespace

std::vector<Contradiction> contradictions_of(const Record& record) {
  std::vector<Contradiction> found;
  if (const auto between = between_wordings(record)) found.push_back(*between);

  std::map<std::string, StatedSides> sides;
  for (const TemplateSides& one : template_sides(record)) sides.emplace(one.prompt_sha256, one.sides);

  std::vector<TemplateResult> templates = record.templates;
  std::ranges::sort(templates, {}, &TemplateResult::paraphrase_idx);
  for (const TemplateResult& t : templates) {
    // What is said of the negation says one minus it of the claim.
    if (const auto stated = sides.find(t.prompt_sha256); stated != sides.end() && stated->second.contradict())
      found.push_back(
          {Contradiction::Kind::sides, stated->second.claim, 1 - *stated->second.negation, t.paraphrase_idx});
    if (const auto between = between_replicates(t)) found.push_back(*between);
  }
  return found;
}

std::string count_in_words(std::size_t wordings, const std::string& what) {
  if (wordings == 0) return "none says " + what;
  return fmt::format("{} {} {}", wordings, wordings == 1 ? "says" : "say", what);
}

std::vector<std::string> contradictions_in_words(const Record& record, const std::vector<Contradiction>& found) {
  using Kind = Contradiction::Kind;
  std::vector<std::string> sentences;
  const Agreement& a = record.agreement;

  if (std::ranges::any_of(found, [](const Contradiction& one) { return one.kind == Kind::wordings; }))
    sentences.push_back(fmt::format("The wording decides: {} {} true, {}.", a.say_true,
                                    a.say_true == 1 ? "wording says" : "wordings say",
                                    count_in_words(a.say_false, "false")));

  if (const std::string which = named(found, Kind::replicates); !which.empty())
    sentences.push_back(fmt::format("Asked again in the same words, it says both true and false: {}.", which));

  if (const std::string which = named(found, Kind::sides); !which.empty())
    sentences.push_back(fmt::format("It calls a statement and its negation both likely, or both unlikely: {}.", which));
  return sentences;
}

}  // namespace heretix
