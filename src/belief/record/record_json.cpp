#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "base/sha256.hpp"
#include "belief/readout/statement.hpp"
#include "belief/record/bank_content.hpp"
#include "belief/record/measured_columns.hpp"
#include "belief/record/readout_facts.hpp"
#include "belief/record/record.hpp"

namespace heretix {
namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

// Everything is decided by the log-odds, so they are written bit for bit as well.
std::string bits_of(Logit l) { return fmt::format("{:016x}", std::bit_cast<std::uint64_t>(l.value())); }

json interval_json(const Interval& interval) { return json::array({interval.low.value(), interval.high.value()}); }

// What honest_v1 and belief_v2 have in common.
json interval_facts(const HonestInterval& found, std::string_view method) {
  json out = {{"method", method},
              {"level", found.level},
              {"status", found.status()},
              {"p", found.p.value()},
              {"centre_logit", found.center.value()},
              {"T", found.templates},
              {"n", found.answers},
              {"k", found.trimmed}};
  if (!found.bounds) return out;

  out["ci"] = interval_json(found.bounds->interval);
  out["width"] = found.bounds->interval.width();
  out["core"] = interval_json(found.bounds->core);
  out["c_T"] = found.bounds->scale;
  out["sd_logit"] = found.bounds->spread_logit;
  out["half_logit"] = found.bounds->half_logit;
  out["grid"] = found.bounds->grid;
  out["flags"] = found.bounds->flags;
  return out;
}

json honest_json(const Record& r) {
  json out = interval_facts(r.honest, r.climb ? kLadderMethod : kHonestMethod);
  if (r.honest.bounds) out["no_hull"] = interval_json(r.honest.bounds->no_hull);
  return out;
}

// In the record beside `honest`: docs/record.md.
json belief_json(const Record& r) {
  const Agreement& a = r.agreement;
  json out = interval_facts(r.belief.found, r.climb ? kBeliefLadderMethod : kBeliefMethod);
  out.update({{"say_true", a.say_true},
              {"say_false", a.say_false},
              {"undecided", a.undecided},
              {"split", a.is_split},
              {"stable", or_null(a.is_stable)},
              {"verdict", r.belief_verdict}});
  return out;
}

json estimate_json(const Record& r) {
  const Estimate& e = r.estimate;
  return {{"method", kMethod},
          {"prob_true_rpl", e.p.value()},
          {"ci", interval_json(e.ci95)},
          {"ci_width", e.ci95.width()},
          {"center_logit", e.center.value()},
          {"ci_logit", {e.low.value(), e.high.value()}},
          {"logit_bits", {bits_of(e.center), bits_of(e.low), bits_of(e.high)}},
          {kSpreadColumn, e.spread_logit},
          {"stability_score", e.stability},
          {"stability_band", to_word(stability_band(e.spread_logit))},
          {"is_stable", is_stable(e.ci95.width())},
          {"imbalance_ratio", e.imbalance},
          {"bootstrap_seed", std::to_string(r.seed)},
          {"seed_source", to_word(r.seed_source)}};
}

json gates_json(const std::vector<Gate>& gates) {
  json out = json::array();
  for (const Gate& gate : gates) {
    json added = {{"name", gate.name},    {"passed", gate.passed()},      {"observed", gate.observed},
                  {"limit", gate.limit},  {"bound", to_word(gate.bound)}, {"meaning", gate.meaning},
                  {"advice", gate.advice}};
    if (gate.honest_observed) added["honest_observed"] = *gate.honest_observed;
    if (!gate.detail.empty()) added["detail"] = gate.detail;
    out.push_back(std::move(added));
  }
  return out;
}

json labels_json(const LabelAgreement& labels) {
  json wordings = json::array();
  for (const LabelAgreement::Wording& w : labels.wordings)
    wordings.push_back(
        {{"paraphrase_idx", w.paraphrase_idx}, {"judged", w.judged}, {"contradicting", w.contradicting}});
  return {{"judged", labels.judged},
          {"contradicting", labels.contradicting},
          {"share", labels.share()},
          {"wordings", wordings}};
}

json templates_json(const std::vector<TemplateResult>& templates) {
  json out = json::array();
  for (const TemplateResult& t : templates) {
    json probabilities = json::array();
    for (const Probability p : t.probabilities) probabilities.push_back(p.value());
    out.push_back({{"prompt_sha256", t.prompt_sha256},
                   {"paraphrase_idx", t.paraphrase_idx},
                   {"slots", t.slots},
                   {"answered", t.answered},
                   {"usable", t.probabilities.size()},
                   {"prob_true", probabilities},
                   {"mean_logit", t.mean ? json(t.mean->value()) : json(nullptr)},
                   {"mean_p", t.mean ? json(to_probability(*t.mean).value()) : json(nullptr)}});
  }
  return out;
}

json ladder_json(const Record& r) {
  const Ladder& ladder = r.plan.recipe.sampling.ladder.value();
  json rungs = json::array();
  for (const Rung& rung : r.climb->rungs) {
    const HonestInterval& found = rung.judged_by(ladder.rule);
    json added = {{"size", rung.size}, {"asked", rung.asked}, {"usable", found.templates}};
    if (found.bounds) {
      added["ci"] = interval_json(found.bounds->interval);
      added["width"] = found.bounds->interval.width();
      added["c"] = found.bounds->scale;
    }
    rungs.push_back(std::move(added));
  }

  json out = {{"rungs", kLadderRungs},
              {"target", ladder.target},
              {"level", 0.95},
              {"order_seed", std::to_string(ladder_seed(r.plan.recipe, r.plan.prompt_version))},
              {"reached", rungs},
              {"dropped", r.climb->rungs.back().asked - r.climb->rungs.back().honest.templates},
              {"stopped", to_word(*r.climb->stop)},
              {"next_rung_micro_usd", or_null(next_rung_cost(r))}};
  if (ladder.rule != LadderRule::honest_v1) out["rule"] = to_word(ladder.rule);
  return out;
}

json variance_json(const WordingVariance& split) {
  const double sum = split.wording + split.replicate.value_or(0);
  return {{"wording", split.wording},
          {"replicate", or_null(split.replicate)},
          {"wording_share", split.replicate && sum > 0 ? json(split.wording / sum) : json(nullptr)},
          {"harmonic_replicates", split.harmonic_replicates}};
}

json execution_json(const Record& r) {
  const ExecutionFacts& e = r.execution;
  const double first_rate =
      r.answered == 0 ? 0.0 : static_cast<double>(e.first_answers_unusable) / static_cast<double>(r.answered);
  json out = {{"execution_id", e.execution_id},
              {"created_at", e.created_at},
              {"finished_at", e.finished_at},
              {"provider", e.provider},
              {"settings", json::parse(e.settings, nullptr, false)},
              {"attempts", e.attempts},
              {"billed_micro_usd", e.billed_micro_usd},
              {"billing_unknown", e.billing_unknown},
              {"first_answer_unusable_rate", first_rate},
              {"program_version", e.program_version}};
  if (!e.billed_after_rungs.empty()) out["billed_after_rungs"] = e.billed_after_rungs;
  if (!e.answered_by.empty()) out["answered_by"] = e.answered_by;  // absent in records of 0.1
  if (e.answer_rules > 1) out["answer_rules"] = e.answer_rules;
  if (!e.unknown_finishes.empty()) out["unknown_finishes"] = e.unknown_finishes;
  return out;
}

}  // namespace

json answer_json(const Answer& a, const Question& q) {
  json out = {{"cache_key", a.cache_key},
              {"attempt", a.attempt},
              {"prompt_sha256", q.prompt_sha256},
              {"paraphrase_idx", q.paraphrase_idx},
              {"replicate_idx", q.replicate_idx},
              {"raw_text", or_null(a.raw_text)},
              {"usable", a.verdict.usable()},
              {"reason", a.verdict.reason ? json(to_word(*a.verdict.reason)) : json(nullptr)},
              {"prob_true", a.verdict.prob_true ? json(a.verdict.prob_true->value()) : json(nullptr)},
              {"provider_model_id", a.model_version},
              {"response_id", a.response_id},
              {"tokens_in", or_null(a.tokens_in)},
              {"tokens_out", or_null(a.tokens_out)},
              {"latency_ms", a.latency_ms},
              {"created_at", a.created_at},
              {"from_store", a.from_store}};

  if (const auto note = note_of(a.verdict); !note.empty()) out["note"] = note;
  if (const auto sides = sides_of(a)) {
    out["sides"] = to_evidence(*sides);
    // The kind is the same for every answer: the record's "readout" names it.
    out["sides"].erase("kind");
  }

  return out;
}

std::optional<double> next_rung_cost(const Record& r) {
  const auto last = std::ranges::find(kLadderRungs, r.climb->rungs.back().size);
  const ExecutionFacts& e = r.execution;
  // An answer that is read off the model is made of several attempts.
  const bool is_written = r.plan.recipe.readout() == Readout::verbalized;
  const std::size_t asked = is_written ? e.attempts : r.answered - std::min(r.answered, r.from_store);
  if (last + 1 == kLadderRungs.end() || asked == 0 || e.billing_unknown > 0) return std::nullopt;
  return static_cast<double>(e.billed_micro_usd) / static_cast<double>(asked) * (*(last + 1) - *last);
}

json config_json(const Plan& plan, const PromptBank& bank, std::optional<std::uint64_t> given_seed) {
  return config_json(plan, content_sha256(bank), given_seed);
}

json config_json(const Plan& plan, const std::string& bank_content_sha256, std::optional<std::uint64_t> given_seed) {
  const Recipe& recipe = plan.recipe;
  const Sampling& s = recipe.sampling;
  json out = {{"claim", recipe.claim.text},
              {"model", recipe.model},
              {"mode", recipe.mode.text()},
              {"prompt_version", plan.prompt_version},
              {"prompt_bank_sha256", plan.bank_sha256},
              {"prompt_content_sha256", bank_content_sha256},
              {"K", s.slots},
              {"R", s.replicates},
              {"T", plan.templates_selected()},
              {"B", s.draws},
              {"seed", given_seed ? json(std::to_string(*given_seed)) : json(nullptr)},
              {"max_output_tokens", s.max_output_tokens},
              {"max_prompt_chars", s.max_prompt_chars}};

  if (s.ladder) {
    out["ladder"] = {{"rungs", s.ladder->rungs}, {"target", s.ladder->target}, {"level", 0.95}};
    if (s.ladder->rule != LadderRule::honest_v1) out["ladder"]["rule"] = to_word(s.ladder->rule);
  }
  return out;
}

json sampler_json(const Plan& plan) {
  return {{"rotation", plan.rotation},
          {"bank_size", plan.bank_size},
          {"template_order", plan.template_order},
          {"slot_order", plan.slot_order},
          {"planned_counts", plan.planned_counts},
          {"planned_imbalance_ratio", plan.planned_imbalance},
          {"prompt_char_len_max", plan.longest_prompt}};
}

json counts_json(const Record& record) {
  json counts = json::object();
  for (const TemplateResult& t : record.templates) counts[t.prompt_sha256] = t.probabilities.size();
  return counts;
}

json to_json(const Record& r) {
  const double hits = r.answered == 0 ? 0.0 : static_cast<double>(r.from_store) / static_cast<double>(r.answered);

  json out = {{"format", "heretix_record"},
              {"version", kRecordVersion},
              {"run_id", r.plan.run_id},
              {"claim", r.plan.recipe.claim.text},
              {"claim_hash", r.plan.recipe.claim.hash()},
              {"config", config_json(r.plan, r.bank,
                                     r.seed_source == SeedSource::derived ? std::nullopt : std::optional(r.seed))},
              {"sampler", sampler_json(r.plan)},
              {"estimate", estimate_json(r)},
              {"honest", honest_json(r)},
              {"belief_v2", belief_json(r)},
              {"verdict", r.verdict},
              {"gates", gates_json(r.gates)},
              {"pqs", r.quality},
              {"pqs_version", kQualityVersion},
              {"answered", r.answered},
              {"usable", r.usable},
              {"rpl_compliance_rate", r.compliance},
              {"cache_hit_rate", hits},
              {"templates", templates_json(r.templates)},
              {"answers_sha256", answers_sha256(r.answers)},
              {"execution", execution_json(r)}};

  if (r.plan.recipe.mode.is_mock()) out["mock"] = true;
  if (r.labels) out["labels"] = labels_json(*r.labels);
  if (r.climb) out["ladder"] = ladder_json(r);
  if (r.plan.recipe.readout() != Readout::verbalized) out["readout"] = readout_facts(r);
  if (const auto split = variance_of(r)) out["variance"] = variance_json(*split);

  return out;
}

// A model may write bytes that are not UTF-8. The database keeps them; JSON shows a replacement character.
void write_artifact(const Record& record, json head, const std::function<void(const std::string& piece)>& sink) {
  constexpr auto kReplace = json::error_handler_t::replace;
  head["bank"] = to_json(record.bank);
  std::string text = head.dump(2, ' ', false, kReplace);
  text.erase(text.rfind("\n}"));
  sink(text + ",\n  \"answers\": [");
  for (std::size_t i = 0; i < record.answers.size(); ++i)
    sink((i == 0 ? "\n" : ",\n") +
         answer_json(record.answers[i], record.plan.questions[i]).dump(-1, ' ', false, kReplace));
  sink("\n  ]\n}\n");
}

json to_artifact(const Record& record) {
  json out = to_json(record);
  out["bank"] = to_json(record.bank);
  out["answers"] = json::array();
  for (std::size_t i = 0; i < record.answers.size(); ++i)
    out["answers"].push_back(answer_json(record.answers[i], record.plan.questions[i]));
  return out;
}

json to_json(const PromptBank& bank) {
  json out = {{"version", bank.version},
              {"system", bank.system},
              {"schema", bank.schema},
              {"user_template", bank.user_template},
              {"paraphrases", bank.paraphrases}};
  if (bank.states()) out["negations"] = bank.negations;
  return out;
}

PromptBank bank_from_json(const json& bank) {
  return {.version = bank.at("version"),
          .system = bank.at("system"),
          .schema = bank.at("schema"),
          .user_template = bank.at("user_template"),
          .paraphrases = bank.at("paraphrases").get<std::vector<std::string>>(),
          .source = "record",
          .negations = bank.value("negations", std::vector<std::string>{})};
}

BankContent content_of(const PromptBank& bank) {
  struct Kept {
    PromptBank bank;
    BankContent content;
  };
  thread_local std::optional<Kept> kept;
  const auto parts = [](const PromptBank& b) {
    return std::tie(b.version, b.system, b.schema, b.user_template, b.paraphrases, b.negations);
  };
  if (kept && parts(kept->bank) == parts(bank)) return kept->content;

  const std::string text = to_json(bank).dump();
  kept.emplace(Kept{bank, {text, sha256_hex(text)}});
  return kept->content;
}

std::string content_sha256(const PromptBank& bank) { return content_of(bank).sha256; }

}  // namespace heretix
