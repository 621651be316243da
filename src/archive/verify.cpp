#include "archive/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "archive/load_record.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/stored_word.hpp"
#include "belief/readout/parts.hpp"
#include "belief/readout/statement.hpp"
#include "belief/record/stored_config.hpp"
#include "measure/answer_store.hpp"
#include "measure/artifact.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::string shown(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return fmt::format("{}", *d);
  if (const auto* s = std::get_if<std::string>(&value)) return "'" + *s + "'";
  return "null";
}

// Compares bit by bit: a probability that lost its last bit is a difference.
class Checker {
 public:
  Checker(RunStore& runs, Verification& verification) : runs_(runs), verification_(verification) {}

  void expect(const std::string& place, const Value& stored, const Value& recomputed) {
    if (are_same(stored, recomputed)) return;
    differ(fmt::format("{}: stored {}, recomputed {}", place, shown(stored), shown(recomputed)));
  }
  void differ(std::string what) { verification_.differences.push_back(std::move(what)); }

  void check_bank(const ExecutionRow& execution) {
    const auto text = runs_.bank_text(execution.bank_content_sha256);
    if (!text || sha256_hex(*text) != execution.bank_content_sha256) {
      differ(fmt::format("bank text: its hash is not {}", execution.bank_content_sha256));
    }
  }

  // Checks the rows of one question. The answer is read again from its raw text, and the sample is compared with the
  // answer.
  void check_answer(std::size_t position, const Record& record, const CountedKey& key) {
    const Plan& plan = record.plan;
    const Question& question = plan.questions[position];
    const std::string place = fmt::format("answer {} ({})", position, question.cache_key.substr(0, 12));
    if (key.cache_key != question.cache_key) differ(place + ": counted under another key");
    const auto sample = runs_.sample(key.cache_key);
    if (!sample) differ(place + ": its sample is missing");
    if (!key.attempt) return;
    const auto row = runs_.answer_row(key.cache_key, *key.attempt);
    if (!row) {
      differ(place + ": its raw answer is missing");
      return;
    }
    check_raw_text(place, *row, record.answers[position].verdict, plan.recipe);
    if (sample) check_sample(place, *sample, behind({.sample = *sample, .counted = *row}), question);
  }

  // Checks what the usable answers were made of, where that was asked in questions of its own: each part as it arrived
  // and, for a decision, each side as the answer states it.
  void check_parts(const Record& record) {
    if (record.plan.recipe.readout() == Readout::verbalized) return;
    std::unordered_map<std::string, std::vector<Row>> by_text;
    for (std::size_t i = 0; i < record.answers.size(); ++i) {
      if (!record.answers[i].verdict.usable()) continue;
      by_text[record.plan.questions[i].user_text];
      by_text[record.plan.questions[i].negated_text];
    }

    std::size_t asked = 0, missing = 0;
    const Plan parts = Parts(record.plan).to_ask();
    for (const Question& part : parts.questions) {
      const auto rows = by_text.find(part.user_text);
      if (rows == by_text.end()) continue;
      ++asked;
      std::vector<Row> found = runs_.answer_rows(part.cache_key);
      if (found.empty()) ++missing;
      for (Row& row : found) {
        expect(fmt::format("part {} raw text's sha256", part.cache_key.substr(0, 12)), row.value("raw_sha256"),
               sha256_hex(row.required_text("raw_text")));
        rows->second.push_back(std::move(row));
      }
    }
    if (missing > 0)
      verification_.not_checked.push_back(
          fmt::format("{} of {} questions that the answers were made of are missing", missing, asked));
    if (record.plan.recipe.readout() == Readout::decision) check_sides(record, by_text);
  }

  void check_stored_row(const Row& stored, const Record& r) {
    for (const ExpectedColumn& column : runs_.expected_columns(r, stored))
      expect(fmt::format("{}.{}", runs_.table(), column.name), stored.value(column.name), column.value);
    check_seeds(stored, r);
  }

 private:
  struct SampleAndCounted {
    const Row& sample;
    const Row& counted;
  };

  // The answer that a sample was made of. That is the counted one, except where several files met in one database, or
  // where the counted one was no answer and another has since taken its place.
  Row behind(const SampleAndCounted& rows) {
    const auto& [sample, counted] = rows;
    if (!runs_.shares_samples() && !held_no_answer(counted)) return counted;
    for (const Row& answer : runs_.answer_rows(sample.required_text("cache_key"))) {
      if (are_same(answer.value("response_id"), sample.value("response_id")) &&
          are_same(answer.value("created_at"), sample.value("created_at")) &&
          are_same(answer.value("latency_ms"), sample.value("latency_ms")))
        return answer;
    }
    return counted;
  }

  void check_sides(const Record& record, const std::unordered_map<std::string, std::vector<Row>>& by_text) {
    for (std::size_t i = 0; i < record.answers.size(); ++i) {
      const auto sides = sides_of(record.answers[i]);
      if (!sides) continue;
      const Question& question = record.plan.questions[i];
      const std::string place = fmt::format("answer {} ({})", i, question.cache_key.substr(0, 12));
      expect_side(place + ", the claim's side", by_text, question.user_text, sides->claim);
      if (sides->negation)
        expect_side(place + ", the negation's side", by_text, question.negated_text, *sides->negation);
    }
  }

  // One of the replies to that statement states the number. If none is kept there is nothing to compare.
  void expect_side(const std::string& place, const std::unordered_map<std::string, std::vector<Row>>& by_text,
                   const std::string& statement, double made_of) {
    const auto rows = by_text.find(statement);
    if (rows == by_text.end() || rows->second.empty()) return;
    std::string stored;
    for (const Row& row : rows->second) {
      const Verdict said = read_stated(row.required_text("raw_text"));
      if (said.usable() && said.prob_true->value() == made_of) return;
      stored = said.usable() ? fmt::format("{}", said.prob_true->value()) : std::string(to_word(*said.reason));
    }
    differ(fmt::format("{}: stored {}, the answer was made of {}", place, stored, made_of));
  }

  // `read` is what the record's rules make of the raw text. The row keeps what was made of it when it arrived, possibly
  // by other rules, so every version of the rules is tried before a difference is reported.
  void check_raw_text(const std::string& place, const Row& row, const Verdict& read, const Recipe& recipe) {
    const std::string raw = row.required_text("raw_text");
    expect(place + " raw text's sha256", row.value("raw_sha256"), sha256_hex(raw));
    const Verdict kept = answer_from(row).verdict;
    if (kept.reason && is_by_ending(*kept.reason)) return;  // then the text did not decide

    Verdict again = read;
    for (int rules = kAnswerRules; rules >= 1 && !says(row, again); --rules) {
      const Verdict by_rules = read_again(raw, kept, {.claim = recipe.claim.text, .rules = rules});
      if (says(row, by_rules)) again = by_rules;
    }
    expect(place + " reason", row.value("reason"), reason_of(again));
    expect(place + " prob_true", row.value("prob_true"), probability_of(again));
    expect(place + " usable", row.value("usable"), std::int64_t{again.usable()});
    if (recipe.readout() == Readout::verbalized || !again.usable()) return;
    if (const std::string why = contradiction_in(raw); !why.empty()) differ(fmt::format("{}: {}", place, why));
  }

  static Value reason_of(const Verdict& verdict) {
    return verdict.reason ? Value(std::string(to_word(*verdict.reason))) : Value(std::monostate{});
  }
  static Value probability_of(const Verdict& verdict) {
    return verdict.prob_true ? Value(verdict.prob_true->value()) : Value(std::monostate{});
  }
  static bool says(const Row& row, const Verdict& verdict) {
    return are_same(row.value("reason"), reason_of(verdict)) &&
           are_same(row.value("prob_true"), probability_of(verdict)) &&
           row.integer("usable") == std::int64_t{verdict.usable()};
  }

  void check_sample(const std::string& place, const Row& sample, const Row& answer, const Question& question) {
    const auto field = [&](const char* name, const Value& wanted) {
      expect(fmt::format("{} samples.{}", place, name), sample.value(name), wanted);
    };
    const auto p = answer.real("prob_true");
    field("prompt_sha256", question.prompt_sha256);
    field("paraphrase_idx", std::int64_t{question.paraphrase_idx});
    field("replicate_idx", std::int64_t{question.replicate_idx});
    field("prob_true", answer.value("prob_true"));
    field("logit", p ? Value(to_clamped_logit(*p).value()) : Value(std::monostate{}));
    field("provider_model_id", answer.value("provider_model_id"));
    field("response_id", answer.value("response_id"));
    field("created_at", answer.value("created_at"));
    field("tokens_out", answer.value("tokens_out"));
    field("latency_ms", answer.value("latency_ms"));
    field("json_valid", answer.value("usable"));
  }

  void check_seeds(const Row& stored, const Record& r) {
    const std::uint64_t kept = static_cast<std::uint64_t>(stored.integer("bootstrap_seed").value_or(0));
    if (kept != r.seed) differ(fmt::format("{}.bootstrap_seed: stored {}, recomputed {}", runs_.table(), kept, r.seed));
    const bool derived = r.seed_source == SeedSource::derived;
    const auto given = stored.integer("seed");
    if (derived != !given || (given && static_cast<std::uint64_t>(*given) != r.seed)) {
      differ(fmt::format("{}.seed: stored {}, the configuration has {}", runs_.table(), shown(stored.value("seed")),
                         derived ? "none" : std::to_string(r.seed)));
    }
  }

  RunStore& runs_;
  Verification& verification_;
};

// Sections that records of earlier versions lack. What they are computed from is compared in any case.
constexpr std::array<std::string_view, 3> kLaterSections = {"/variance", "/belief_v2", "/mock"};

// The gate of the words' mass is the last one of a record, and those of earlier builds lack it.
bool is_later_section(const json& step) {
  if (step.at("op") != "add") return false;
  const std::string path = step.at("path");
  const json& value = step.at("value");
  if (path.starts_with("/gates/")) return value.is_object() && value.value("name", "") == kWordMassGate;
  return std::ranges::find(kLaterSections, path) != kLaterSections.end();
}

// Advice and details of gates are worded by the program that shows them. What was observed and its limit are compared.
bool is_wording(const json& step) {
  const std::string path = step.at("path");
  return path.starts_with("/gates/") && (path.ends_with("/advice") || path.ends_with("/detail"));
}

// Names the JSON fields that differ by their paths.
void compare_json(const std::string& what, const json& stored, const json& recomputed, Verification& verification) {
  for (const json& step : json::diff(stored, recomputed)) {
    if (is_later_section(step) || is_wording(step)) continue;
    verification.differences.push_back(fmt::format("{} differs at {}", what, step.at("path").get<std::string>()));
  }
}

// What the model's own template put around every question, against its hash and against the keys. Hosted models have
// templates of their own, which nobody sees.
void check_prompt_frame(const Record& record, Verification& verification) {
  const json settings = json::parse(record.execution.settings, nullptr, false);
  const json chat = settings.value("prompt_frame", json::object());
  const std::string text = chat.value("text", "");
  if (sha256_hex(text) != chat.value("sha256", sha256_hex("")))
    verification.differences.emplace_back("prompt_frame: its hash is not its text's");

  const std::string keyed = record.plan.recipe.mode.value("frame");
  const std::string whole = text + settings.value("decision", json::object()).value("frame", "");
  if (!keyed.empty() && !sha256_hex(whole).starts_with(keyed))
    verification.differences.emplace_back("prompt_frame: the keys were made for another one");
}

void check_record_text(const ExecutionRow& execution, const Record& record, Verification& verification,
                       Checker& checker) {
  const auto& text = execution.record_text;
  if (!text || sha256_hex(*text) != execution.record_sha256)
    checker.differ("record_json: its hash is not the stored one");
  const json stored = text ? json::parse(*text, nullptr, false) : json(json::value_t::discarded);
  if (stored.is_discarded()) checker.differ("record_json: not JSON");
  else compare_json("record_json", stored, to_json(record), verification);
}

std::string dumped_artifact(const Record& record) {
  return to_artifact(record).dump(-1, ' ', false, json::error_handler_t::replace);
}

void check_artifact(const Row& run, const Record& record, const std::string& database_path, Verification& verification,
                    Checker& checker) {
  const std::string relative = run.text_or_empty("artifact_json_path");
  const std::string path = artifact_path(database_path, relative);
  const auto content = relative.empty() ? std::nullopt : content_of_file(path);
  if (!content) {
    verification.not_checked.push_back(fmt::format("the artifact {} is missing", relative));
    return;
  }
  const json stored = json::parse(*content, nullptr, false);
  if (stored.is_discarded()) checker.differ("artifact: not JSON");
  else compare_json("artifact", stored, json::parse(dumped_artifact(record)), verification);
}

// Only checks of the service have this; a harness file has none.
bool is_from_cache(const Row& run) { return run.has("was_cached") && run.integer("was_cached") == 1; }

std::string summary(const Record& r) {
  std::string text = fmt::format("belief p {:.6f}", r.belief.p().value());
  if (const auto interval = r.belief.interval())
    text += fmt::format(", 95 % interval [{:.6f}, {:.6f}]", interval->low.value(), interval->high.value());
  return text + fmt::format("; frozen p {:.6f}, 95 % interval [{:.6f}, {:.6f}], seed {}", r.estimate.p.value(),
                            r.estimate.ci95.low.value(), r.estimate.ci95.high.value(), r.seed);
}

constexpr const char* kArtifactAdvice =
    "give the artifact of an execution (runs/artifacts/exec-….json), or the record that a shared check offers for "
    "download; both hold the bank and every answer";

Reason reason_in(const json& answer) {
  const std::string word = answer.at("reason");
  return require_known(reason_from(word), "the reason of an answer", word);
}

// Beside the fields that the verdict is read from again, what the hash of the answers is made of.
Answer answer_in(const json& told) {
  const auto optional = [&](const char* name, auto value) {
    using Kind = decltype(value);
    const json& found = told.at(name);
    return found.is_null() ? std::optional<Kind>() : std::optional(found.get<Kind>());
  };
  Answer answer{.cache_key = told.at("cache_key"), .attempt = told.at("attempt")};
  answer.raw_text = optional("raw_text", std::string());
  if (const auto p = optional("prob_true", 0.0)) answer.verdict.prob_true = Probability{*p};
  if (!told.at("reason").is_null()) answer.verdict.reason = reason_in(told);
  answer.model_version = told.at("provider_model_id");
  answer.response_id = told.at("response_id");
  answer.tokens_in = optional("tokens_in", 0L);
  answer.tokens_out = optional("tokens_out", 0L);
  answer.latency_ms = told.at("latency_ms");
  answer.created_at = told.at("created_at");
  answer.from_store = told.at("from_store");
  return answer;
}

// What an execution's row would hold.
ExecutionRow execution_in(const json& artifact) {
  const json& execution = artifact.at("execution");
  const json& config = artifact.at("config");
  return {.execution_id = ExecutionId{execution.at("execution_id").get<std::string>()},
          .run_id = RecipeId{artifact.at("run_id").get<std::string>()},
          .status = ExecutionStatus::done,
          .created_at = execution.at("created_at"),
          .claim = artifact.at("claim"),
          .model = ModelName(config.at("model").get<std::string>()),
          .mode = config.at("mode"),
          .prompt_version = config.at("prompt_version"),
          .bank_content_sha256 = content_sha256(bank_from_json(artifact.at("bank"))),
          .config_text = config.dump(),
          .record_text = artifact.dump(-1, ' ', false, json::error_handler_t::replace),
          .record_sha256 = {}};
}

Record record_in(const json& artifact) {
  std::vector<CountedAnswer> counted;
  for (const json& told : artifact.at("answers")) {
    Answer answer = answer_in(told);
    std::string cache_key = answer.cache_key;
    counted.push_back({.cache_key = std::move(cache_key), .answer = std::move(answer)});
  }
  return recomputed_record(execution_in(artifact), bank_from_json(artifact.at("bank")), std::move(counted));
}

}  // namespace

Verification verify_artifact(const NamedText& artifact) {
  const json told = json::parse(artifact.text, nullptr, false);
  if (!told.is_object() || told.value("format", "") != "heretix_record")
    throw Error(ErrorKind::bad_input, fmt::format("{} is no record of Heretix", artifact.name), kArtifactAdvice);
  if (!told.contains("answers") || !told.contains("bank"))
    throw Error(ErrorKind::bad_input, fmt::format("{} is a record without its answers", artifact.name),
                kArtifactAdvice);

  try {
    const Record record = record_in(told);
    Verification verification{.run_id = RunId{record.plan.run_id.text()},
                              .execution_id = record.execution.execution_id,
                              .is_mock = record.plan.recipe.mode.is_mock(),
                              .recomputed = {},
                              .differences = {},
                              .not_checked = {}};
    verification.recomputed.push_back(
        fmt::format("{} questions and keys from claim, bank and recipe", record.answers.size()));
    verification.recomputed.push_back(
        fmt::format("{} answers read again from their raw texts, {} usable", record.answered, record.usable));
    verification.recomputed.push_back(summary(record));
    verification.not_checked.emplace_back("who measured it: the file says so itself");

    compare_json(artifact.name, told, json::parse(dumped_artifact(record)), verification);
    check_prompt_frame(record, verification);
    return verification;
  } catch (const json::exception& e) {
    throw Error(ErrorKind::bad_input, fmt::format("{} is damaged: {}", artifact.name, e.what()), kArtifactAdvice);
  } catch (const Error& e) {
    throw Error(ErrorKind::bad_input, fmt::format("{} is damaged: {}", artifact.name, e.what()), kArtifactAdvice);
  }
}

Verification verify_run(const std::string& name, RunStore& runs, const std::string& database_path) {
  const RunId run_id = runs.find_run(name);
  const auto newest = runs.newest_execution(run_id);
  const auto named = runs.execution_named(name);
  const auto& execution = named ? named : newest;
  if (!execution) return verify_foreign(runs, run_id);

  Verification verification{.run_id = run_id,
                            .execution_id = execution->execution_id,
                            .is_mock = is_mock_mode(execution->mode),
                            .recomputed = {},
                            .differences = {},
                            .not_checked = {}};

  Checker checker(runs, verification);
  checker.check_bank(*execution);

  try {
    const Record record = load_record(runs, *execution);
    const std::vector<CountedKey> keys = runs.counted_keys(execution->execution_id);
    for (std::size_t i = 0; i < keys.size(); ++i) checker.check_answer(i, record, keys[i]);
    checker.check_parts(record);
    check_prompt_frame(record, verification);

    verification.recomputed.push_back(fmt::format("{} questions and keys from claim, bank and recipe", keys.size()));
    verification.recomputed.push_back(
        fmt::format("{} answers read again from their raw texts, {} usable", record.answered, record.usable));
    verification.recomputed.push_back(summary(record));

    // No stored result is read before this point.
    check_record_text(*execution, record, verification, checker);

    const Row run = runs.run(run_id);
    if (!runs.names(run, record))
      checker.differ(fmt::format("run_id: stored {}, recomputed {}", run_id, record.plan.run_id));

    if (newest && newest->execution_id == execution->execution_id) {
      checker.check_stored_row(run, record);
      if (!is_from_cache(run))
        checker.expect(runs.table() + ".config_json", run.value("config_json"), execution->config_text);
      check_artifact(run, record, database_path, verification, checker);
    } else {
      verification.not_checked.push_back(
          fmt::format("the row of {}, which a later execution of the recipe replaced", runs.table()));
    }
  } catch (const Error& e) { checker.differ(e.what()); }
  return verification;
}

}  // namespace heretix
