#include "belief/record/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/word_table.hpp"
#include "belief/record/decision_facts.hpp"
#include "belief/record/readout_facts.hpp"

namespace heretix {
namespace {

constexpr WordTable<SeedSource, 3> kSeedSourceWords({{SeedSource::given, "given"},
                                                     {SeedSource::environment, "HERETIX_RPL_SEED"},
                                                     {SeedSource::derived, "derived"}});

std::vector<TemplateResult> templates_of(const Plan& plan, const std::vector<std::optional<Answer>>& answers) {
  std::vector<TemplateResult> results;
  std::unordered_map<std::string, std::size_t> place;
  for (const PlannedTemplate& t : plan.templates) {
    place.emplace(t.prompt_sha256, results.size());
    results.push_back({.prompt_sha256 = t.prompt_sha256, .paraphrase_idx = t.paraphrase_idx, .slots = t.slots});
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    TemplateResult& result = results[place.at(plan.questions[i].prompt_sha256)];
    ++result.answered;
    if (answers[i]->verdict.usable()) result.probabilities.push_back(*answers[i]->verdict.prob_true);
  }
  for (TemplateResult& result : results) {
    if (result.probabilities.empty()) continue;
    std::vector<double> logits;
    for (const Probability p : result.probabilities) logits.push_back(to_logit(p).value());
    result.mean = Logit{pairwise_sum(logits) / static_cast<double>(logits.size())};
  }
  return results;
}

std::uint64_t seed_for(const Plan& plan, const Tally& counted, std::optional<std::uint64_t> given) {
  if (given) return *given;
  std::vector<std::string> usable;
  for (const TemplateLogits& t : counted.by_template) usable.push_back(t.prompt_sha256);
  return derived_seed(plan.recipe, plan.prompt_version, usable);
}

void require_enough(const Tally& counted, std::size_t cut_short, const Plan& plan) {
  if (counted.usable >= kMinAnswers) return;
  std::string what = fmt::format("{} of {} answers are usable, and an estimate needs at least {}; all answers are kept",
                                 counted.usable, counted.answered, kMinAnswers);
  if (cut_short == 0)
    throw Error(ErrorKind::bad_input, what,
                fmt::format("see why answers were refused: heretix answers {}; or ask more: -K, -R", plan.run_id));

  const int limit = plan.recipe.sampling.max_output_tokens;
  what += fmt::format("; {} of them ended at the limit of {} output tokens", cut_short, limit);
  throw Error(ErrorKind::bad_input, what,
              fmt::format("give them more room, e.g. --max-output-tokens {}; see what came back: heretix answers {}",
                          std::min(4 * limit, kMaxOutputTokens), plan.run_id));
}

// How a service rounds its numbers is known from the numbers themselves; what a template is made of them lies on no
// grid.
std::optional<KnownRounding> rounding_behind(const Plan& plan, std::span<const std::optional<Answer>> answers) {
  if (plan.recipe.readout() != Readout::decision) return std::nullopt;
  return known_rounding(stated_sides(plan, answers));
}

}  // namespace

std::string_view to_word(SeedSource source) { return kSeedSourceWords.word(source); }
std::optional<SeedSource> seed_source_from(std::string_view word) { return kSeedSourceWords.value(word); }

namespace {

// The number of a usable answer as belief_v2 reads it (docs/estimator.md); empty for one that is not usable.
std::optional<NumberRead> number_read(Readout readout, const Answer& answer) {
  if (!answer.verdict.usable()) return std::nullopt;
  const Probability p = *answer.verdict.prob_true;

  if (readout == Readout::verbalized) {
    const auto& decimals = answer.verdict.decimals;  // empty without a raw text, as in a file of another program
    return decimals ? read_as_written(p, *decimals) : read_as_shortest(p);
  }
  if (readout == Readout::decision) {
    if (const auto sides = sides_of(answer)) return NumberRead{p, Logit{sides->belief_logit()}};
  }
  return read_as_it_is(p);
}

// The usable answers so far, by template in plan order, only of templates that have any.
std::vector<std::vector<NumberRead>> numbers_read(const Plan& plan, std::span<const std::optional<Answer>> answers) {
  const Readout readout = plan.recipe.readout();
  std::unordered_map<std::string, std::size_t> place;
  for (const PlannedTemplate& t : plan.templates) place.emplace(t.prompt_sha256, place.size());

  std::vector<std::vector<NumberRead>> groups(place.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    if (const auto number = number_read(readout, *answers[i]))
      groups[place.at(plan.questions[i].prompt_sha256)].push_back(*number);
  }
  std::erase_if(groups, [](const auto& group) { return group.empty(); });
  return groups;
}

}  // namespace

std::optional<BeliefV2> belief_of(const Plan& plan, std::span<const std::optional<Answer>> answers) {
  const auto numbers = numbers_read(plan, answers);
  if (numbers.empty()) return std::nullopt;
  return belief_v2(numbers, {.rounding = rounding_behind(plan, answers)});
}

Climb climb_of(const Plan& plan, const std::vector<std::optional<Answer>>& answers) {
  const Readout readout = plan.recipe.readout();
  const Ladder& ladder = plan.recipe.sampling.ladder.value();
  std::vector<std::optional<NumberRead>> usable;
  for (const auto& answer : answers) usable.push_back(answer ? number_read(readout, *answer) : std::nullopt);
  return climb(usable, plan.template_order.size(),
               {.target = ladder.target, .rule = ladder.rule, .rounding = [&](std::size_t n) {
                  return rounding_behind(plan, std::span(answers).first(n));
                }});
}

Record make_record(const Plan& plan, const PromptBank& bank, const std::vector<std::optional<Answer>>& answers,
                   std::optional<std::uint64_t> seed, SeedSource source, ExecutionFacts execution) {
  const Tally counted = tally(plan, answers);
  require_enough(counted, cut_short(answers), plan);
  const std::uint64_t used = seed_for(plan, counted, seed);
  const Estimate belief = estimate(counted.by_template, {.seed = used, .draws = plan.recipe.sampling.draws});
  std::optional<Climb> climb;
  if (plan.recipe.sampling.ladder) climb = climb_of(plan, answers);
  HonestInterval honest =
      climb ? climb->rungs.back().honest
            : honest_interval(counted.probabilities,
                              {.level = Level::p95, .frozen = belief.ci95, .rounding = rounding_behind(plan, answers)});
  const BeliefV2 of_all = belief_of(plan, answers).value();
  BeliefV2 shown_belief = climb ? climb->rungs.back().belief : of_all;
  const Agreement agreement = agreement_of(shown_belief);
  const auto shown = honest.bounds ? std::optional(honest.bounds->interval) : std::nullopt;
  const auto honest_width = shown ? std::optional(shown->width()) : std::nullopt;
  Record record{.plan = plan,
                .bank = bank,
                .seed = used,
                .seed_source = source,
                .answers = {},
                .answered = counted.answered,
                .usable = counted.usable,
                .from_store = counted.from_store,
                .compliance = counted.compliance(),
                .templates = templates_of(plan, answers),
                .estimate = belief,
                .honest = std::move(honest),
                .belief = std::move(shown_belief),
                .agreement = agreement,
                .climb = std::move(climb),
                .gates = judge(belief, counted.compliance(), honest_width, cut_short(answers) > 0),
                .quality = quality_score(belief.stability, belief.ci95.width(), counted.compliance()),
                .verdict = verdict_text(belief.p, shown),
                .belief_verdict = {},
                .execution = std::move(execution)};
  record.belief_verdict = agreement.is_stable == false ? no_stable_belief(agreement)
                                                       : verdict_text(record.belief.p(), record.belief.interval());

  // The values stand in the order of the templates that have answers.
  std::size_t place = 0;
  for (TemplateResult& t : record.templates) {
    if (!t.probabilities.empty()) t.value = Logit{of_all.template_values.at(place++)};
  }
  for (const auto& answer : answers) {
    if (answer) record.answers.push_back(*answer);
  }
  if (auto gate = judge_labels(counted.labels)) {
    record.labels = counted.labels;
    record.gates.push_back(std::move(*gate));
  }
  if (plan.recipe.readout() == Readout::token)
    record.gates.push_back(judge_word_mass(1 - readout_facts(record).at("other_mass_mean").get<double>()));
  return record;
}

std::optional<WordingVariance> variance_of(const Record& record) {
  std::vector<std::vector<double>> groups;
  for (const TemplateResult& t : record.templates) {
    if (t.probabilities.empty()) continue;
    auto& logits = groups.emplace_back();
    for (const Probability p : t.probabilities) logits.push_back(to_logit(p).value());
  }
  return groups.size() < 2 ? std::nullopt : std::optional(wording_variance(groups));
}

std::string answers_sha256(const std::vector<Answer>& answers) {
  Sha256 hash;
  for (const Answer& a : answers) {
    const auto& p = a.verdict.prob_true;
    hash.update(fmt::format(
        "{}|{}|{}|{}|{:x}|{}|{}|{}|{}|{:x}|{}\n", a.cache_key, a.attempt, a.raw_text ? sha256_hex(*a.raw_text) : "-",
        a.verdict.reason ? to_word(*a.verdict.reason) : "usable", p ? std::bit_cast<std::uint64_t>(p->value()) : ~0ULL,
        a.model_version, a.response_id, a.tokens_in.value_or(-1), a.tokens_out.value_or(-1),
        std::bit_cast<std::uint64_t>(a.latency_ms), a.created_at));
  }
  return to_hex(hash.finish());
}

}  // namespace heretix
