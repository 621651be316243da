#include "belief/readout/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/resolution.hpp"
#include "belief/readout/number_tree.hpp"
#include "belief/readout/reply_fault.hpp"
#include "belief/readout/statement.hpp"
#include "belief/readout/word_mass.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kPartsAtOnce = 8;  // of one prompt, in one round
constexpr double kMassGrain = 1e-12;

// As many digits as a text needs to say it again.
double rounded(double mass) { return std::round(mass / kMassGrain) * kMassGrain; }

int samples_of(const Recipe& recipe) {
  const std::string samples = recipe.mode.value("samples");
  return samples.empty() ? kDefaultSamples : std::stoi(samples);
}

Recipe recipe_of_parts(const Plan& plan) {
  Recipe recipe = plan.recipe;
  recipe.mode.with("part", "1").without("samples").without("negation");
  // A sampled word may be thought about first; a probability stands in the first tokens.
  if (recipe.readout() != Readout::frequency)
    recipe.sampling.max_output_tokens = std::min(kPartTokens, recipe.sampling.max_output_tokens);
  return recipe;
}

// A local model gives all its numbers at once.
std::optional<NumberSpread> whole_spread(const Answer& part) {
  const json said = json::parse(part.logprobs, nullptr, false);
  if (!said.is_object() || !said.contains("numbers")) return std::nullopt;
  return spread_from(said);
}

NumberTree tree_of(const std::vector<const Answer*>& parts, const std::vector<std::string>& begun) {
  NumberTree tree;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i]->verdict.usable()) tree.add_path(begun[i], token_steps(parts[i]->logprobs));
  }
  return tree;
}

// What the evidence says; the text of an answer is made of it, and checked by it.
// Empty for a kind of evidence that is not known.
std::optional<double> probability_from(const json& evidence) {
  const auto readout = known_readout(evidence.at("kind").get_ref<const std::string&>());
  if (readout == Readout::token) {
    const WordMass mass{
        .yes = evidence.at("true"), .no = evidence.at("false"), .hidden = evidence.value("hidden", 0.0)};
    return mass.probability();
  }
  if (readout == Readout::decision) return to_probability(Logit{sides_from(evidence).belief_logit()}).value();
  if (readout == Readout::frequency)
    return (evidence.at("true").get<double>() + 0.5) / (evidence.at("of").get<double>() + 1);
  if (readout == Readout::expected) return spread_from(evidence).expected();
  return std::nullopt;
}

json token_evidence(const Answer& part) {
  const auto mass = word_mass(token_steps(part.logprobs)).value_or(WordMass{});
  const double yes = rounded(mass.yes), no = rounded(mass.no);
  json evidence = {{"kind", "token"}, {"true", yes}, {"false", no}, {"other", rounded(std::max(0.0, 1 - yes - no))}};
  if (mass.hidden > 0) {
    const WordMass kept{.yes = yes, .no = no, .hidden = rounded(mass.hidden)};
    evidence.update({{"hidden", kept.hidden}, {"low", kept.low()}, {"high", kept.high()}});
  }
  return evidence;
}

json frequency_evidence(const std::vector<const Answer*>& parts) {
  int yes = 0, usable = 0;
  for (const Answer* part : parts) {
    if (!part->verdict.usable()) continue;
    ++usable;
    if (part->verdict.prob_true && part->verdict.prob_true->value() > 0.5) ++yes;
  }
  return {{"kind", "frequency"}, {"true", yes}, {"of", usable}, {"asked", parts.size()}};
}

json expected_evidence(const NumberSpread& spread, std::size_t parts) {
  json evidence = to_json(spread);
  evidence.update({{"kind", "expected"},
                   {"remaining_mass", rounded(spread.remaining())},
                   {"low", spread.low()},
                   {"high", spread.high()},
                   {"sd_of_one_answer", spread.deviation()},
                   {"parts", parts}});
  return evidence;
}

// The step is that of all numbers of the run: one template's two say little about it.
double step_of_all(const std::vector<std::optional<Answer>>& parts) {
  std::vector<double> numbers;
  for (const auto& part : parts) {
    if (part && part->verdict.usable()) numbers.push_back(part->verdict.prob_true.value().value());
  }
  return step_of(numbers);
}

json stated_evidence(const std::vector<const Answer*>& parts, double step) {
  StatedSides sides{.claim = parts[0]->verdict.prob_true.value().value(), .negation = {}, .step = step};
  if (parts.size() > 1) sides.negation = parts[1]->verdict.prob_true.value().value();
  return to_evidence(sides);
}

void add_up(std::optional<long>& sum, const std::optional<long>& part) {
  if (part) sum = sum.value_or(0) + *part;
}

Answer made_of(const Question& question, const std::vector<const Answer*>& parts) {
  Answer answer;
  answer.cache_key = question.cache_key;
  answer.model_version = parts[0]->model_version;
  answer.response_id = "read-" + question.cache_key.substr(0, 12);
  answer.from_store = std::ranges::all_of(parts, [](const Answer* p) { return p->from_store; });
  for (const Answer* part : parts) {
    add_up(answer.tokens_in, part->tokens_in);
    add_up(answer.tokens_out, part->tokens_out);
    answer.latency_ms += part->latency_ms;
    answer.created_at = std::max(answer.created_at, part->created_at);
  }
  return answer;
}

}  // namespace

int most_parts(const Recipe& recipe) {
  switch (recipe.readout()) {
    case Readout::verbalized:
    case Readout::token: return 1;
    case Readout::frequency: return samples_of(recipe);
    case Readout::expected: return static_cast<int>(kMostParts);
    case Readout::decision: return recipe.mode.value("negation") == kNoNegation ? 1 : 2;
  }
  throw std::logic_error("a Readout without parts");
}

Verdict read_part(Readout readout, const Question& part, const std::string& text, const std::string& logprobs) {
  const Verdict nothing{.prob_true = std::nullopt, .reason = Reason::no_probability};
  if (readout == Readout::decision) return read_stated(text);
  if (!fault_of_reply(readout, text, logprobs, part.begun).empty()) return nothing;
  if (readout == Readout::frequency) {
    const auto word = word_of_answer(text);
    return word ? Verdict{Probability{*word ? 1.0 : 0.0}, std::nullopt} : nothing;
  }
  const std::vector<TokenStep> steps = token_steps(logprobs);
  if (readout == Readout::token) return word_mass(steps) ? Verdict{} : nothing;
  if (json::parse(logprobs, nullptr, false).is_object()) return {};
  const std::string begun = part.begun.substr(std::min(part.begun.size(), kAnswerOpening.size()));
  const auto goes_on = [&](const TokenChoice& c) {
    return !c.text.empty() && read_number(begun + c.text).state != NumberState::none;
  };
  return !steps.empty() && std::ranges::any_of(steps[0].choices, goes_on) ? Verdict{} : nothing;
}

std::string contradiction_in(const std::string& composed) {
  constexpr const char* kSaysNothing = "the answer does not say what it was made of";
  try {
    const json answer = json::parse(composed);
    const double said = answer.at("belief").at("prob_true");
    const auto made = probability_from(answer.at("readout"));
    if (!made) return kSaysNothing;
    if (said == *made) return {};
    return fmt::format("the answer says {}, but its parts give {}", said, *made);
  } catch (const json::exception&) { return kSaysNothing; }
}

Parts::Parts(const Plan& plan) : plan_(plan), readout_(plan.recipe.readout()), parts_(plan) {
  parts_.recipe = recipe_of_parts(plan);
  parts_.questions.clear();
  parts_.templates.clear();
  std::map<std::string, std::size_t> groups;
  const int count = readout_ == Readout::frequency ? samples_of(plan.recipe) : 1;
  for (const Question& q : plan.questions) {
    const auto [place, is_new] = groups.try_emplace(q.prompt_sha256, groups_.size());
    group_of_.push_back(place->second);
    if (!is_new) continue;
    groups_.push_back({q.user_text, q.negated_text, q.paraphrase_idx, {}});
    for (int i = 0; i < count; ++i) ask(groups_.back(), i, "");
  }
  for (Group& group : groups_) ask_negation(group);
}

void Parts::ask(Group& group, int sample, const std::string& begun) {
  Question part;
  part.is_part = true;
  part.paraphrase_idx = group.paraphrase_idx;
  part.replicate_idx = sample;
  part.user_text = group.user_text;
  if (readout_ == Readout::expected) part.begun = std::string(kAnswerOpening) + begun;
  add(group, std::move(part), begun);
}

void Parts::ask_negation(Group& group) {
  if (readout_ != Readout::decision || group.negated_text.empty()) return;
  Question part;
  part.is_part = true;
  part.is_negation = true;
  part.paraphrase_idx = group.paraphrase_idx;
  part.user_text = group.negated_text;
  add(group, std::move(part), "");
}

void Parts::add(Group& group, Question part, const std::string& begun) {
  const std::string sent = part.user_text + (part.begun.empty() ? "" : "\n\n" + part.begun);
  part.prompt_sha256 = prompt_sha256(plan_.system_text, sent);
  part.cache_key = cache_key(parts_.recipe, plan_.prompt_version, part.prompt_sha256, part.replicate_idx);
  group.parts.push_back(parts_.questions.size());
  begun_before_.push_back(begun);
  parts_.questions.push_back(std::move(part));
}

bool Parts::add_further(const std::vector<std::optional<Answer>>& answers) {
  if (readout_ != Readout::expected) return false;
  const std::size_t before = parts_.questions.size();
  for (Group& group : groups_) {
    std::vector<const Answer*> known;
    std::vector<std::string> begun;
    for (const std::size_t part : group.parts) {
      if (!answers[part]) continue;
      known.push_back(&*answers[part]);
      begun.push_back(begun_before_[part]);
    }
    if (known.empty() || !known[0]->verdict.usable() || whole_spread(*known[0])) continue;
    const std::size_t room = kMostParts - std::min(kMostParts, group.parts.size());
    for (const std::string& text : tree_of(known, begun).unexplored(std::min(room, kPartsAtOnce))) {
      const bool is_asked =
          std::ranges::any_of(group.parts, [&](std::size_t part) { return begun_before_[part] == text; });
      if (!is_asked) ask(group, 0, text);
    }
  }
  return parts_.questions.size() > before;
}

// A decision needs both of its sides; what else is asked more than once goes by its first answer, or by those that can
// be used.
const Answer* Parts::fault_among(const std::vector<const Answer*>& parts) const {
  const auto is_unusable = [](const Answer* part) { return !part->verdict.usable(); };
  if (readout_ == Readout::frequency) return std::ranges::all_of(parts, is_unusable) ? parts[0] : nullptr;
  if (readout_ != Readout::decision) return is_unusable(parts[0]) ? parts[0] : nullptr;
  const auto found = std::ranges::find_if(parts, is_unusable);
  return found == parts.end() ? nullptr : *found;
}

json Parts::evidence_of(const Group& group, const std::vector<const Answer*>& parts, double step) const {
  if (readout_ == Readout::decision) return stated_evidence(parts, step);
  if (readout_ == Readout::token) return token_evidence(*parts[0]);
  if (readout_ == Readout::frequency) return frequency_evidence(parts);
  if (const auto whole = whole_spread(*parts[0])) return expected_evidence(*whole, 1);
  std::vector<std::string> begun;
  for (const std::size_t part : group.parts) begun.push_back(begun_before_[part]);
  return expected_evidence(tree_of(parts, begun).spread(), parts.size());
}

Answer Parts::composed(const Question& question, const Group& group, const std::vector<const Answer*>& parts,
                       double step) const {
  Answer answer = made_of(question, parts);
  if (const Answer* part = fault_among(parts)) {
    const Reason why = part->verdict.reason.value_or(Reason::no_probability);
    json said = {{"belief", json::object()},
                 {"readout", {{"kind", to_word(readout_)}, {"said", part->raw_text.value_or("")}}}};
    const std::string_view begun = readout_ == Readout::expected ? kAnswerOpening : "";
    const std::string fault = fault_of_reply(readout_, part->raw_text.value_or(""), part->logprobs, begun);
    if (!fault.empty()) said["readout"]["fault"] = fault;
    answer.raw_text = said.dump(-1, ' ', false, json::error_handler_t::replace);
    answer.verdict = is_by_ending(why) ? Verdict{std::nullopt, why} : read_answer(*answer.raw_text, {});
    return answer;
  }
  // Through its own text, so that whoever reads that again finds this very number.
  const json evidence = json::parse(evidence_of(group, parts, step).dump());
  const json said = {{"belief", {{"prob_true", probability_from(evidence).value()}}}, {"readout", evidence}};
  answer.raw_text = said.dump();
  answer.verdict = read_answer(*answer.raw_text, {});
  return answer;
}

std::vector<std::optional<Answer>> Parts::compose(const std::vector<std::optional<Answer>>& answers) const {
  std::vector<std::optional<Answer>> made(plan_.questions.size());
  const double step = readout_ == Readout::decision ? step_of_all(answers) : 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const Group& group = groups_[group_of_[i]];
    std::vector<const Answer*> parts;
    for (const std::size_t part : group.parts) {
      if (answers[part]) parts.push_back(&*answers[part]);
    }
    if (parts.size() == group.parts.size()) made[i] = composed(plan_.questions[i], group, parts, step);
  }
  return made;
}

}  // namespace heretix
