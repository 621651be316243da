#include "service/privacy/removal.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <set>

#include "base/random.hpp"
#include "base/text.hpp"
#include "measure/artifact.hpp"
#include "measure/check_row.hpp"
#include "service/checks/served_checks.hpp"
#include "service/privacy/personal_data.hpp"
#include "service/queue/queue.hpp"

namespace heretix {
namespace {

// A worker that measures one of the checks learns of its end within the renewal of its lease, and forgets by itself;
// the job is for those that cannot.
constexpr auto kForgetAgainAfter = std::chrono::seconds(60);

constexpr std::string_view kOfUser = "SELECT id FROM checks WHERE user_id = :user";
constexpr std::string_view kOfId = "SELECT id FROM checks WHERE id = :check";
constexpr std::string_view kOfSet = "SELECT check_id AS id FROM set_checks WHERE set_id = :set";
constexpr std::string_view kOfAge =
    "SELECT c.id FROM checks c JOIN check_requests q ON q.check_id = c.id WHERE c.finished_at < later(:ago)";

// The execution that a check counts, and the one that its own name promises, which may have begun and not ended.
constexpr std::string_view kExecutions =
    "SELECT q.execution_id, c.run_id FROM checks c LEFT JOIN check_requests q ON q.check_id = c.id WHERE c.id IN ({})";

constexpr std::string_view kLockState = "SELECT state FROM check_requests WHERE check_id = :check FOR UPDATE";

constexpr std::string_view kLockSet =
    "SELECT q.state FROM set_checks k JOIN check_requests q ON q.check_id = k.check_id WHERE k.set_id = :set FOR "
    "UPDATE";
constexpr std::string_view kForgetKeyOf = "DELETE FROM idempotency_keys WHERE response = :made";
constexpr std::array<std::string_view, 2> kForgetSet = {"DELETE FROM set_claims WHERE set_id = :set",
                                                        "DELETE FROM sets WHERE id = :set"};

constexpr std::string_view kIsShown =
    "SELECT 1 AS found FROM check_requests WHERE execution_id = :execution UNION ALL SELECT 1 FROM checks WHERE run_id "
    "= "
    ":run UNION ALL SELECT 1 FROM decision_executions e JOIN decisions d ON d.question_key = e.question_key WHERE "
    "e.execution_id = :execution LIMIT 1";
constexpr std::string_view kExecution = "SELECT run_id, claim FROM heretix_executions WHERE execution_id = :execution";
constexpr std::string_view kIsWatched =
    "SELECT 1 AS found FROM heretix_drift_measurements WHERE execution_id = :execution LIMIT 1";

constexpr std::string_view kKeys =
    "SELECT cache_key FROM heretix_execution_samples WHERE execution_id = :execution UNION SELECT cache_key FROM "
    "heretix_answers WHERE execution_id = :execution UNION SELECT cache_key FROM heretix_attempts WHERE execution_id = "
    ":execution";
constexpr std::string_view kForgetCounted = "DELETE FROM heretix_execution_samples WHERE execution_id = :execution";
constexpr std::string_view kForgetExecution = "DELETE FROM heretix_executions WHERE execution_id = :execution";

// Who else counts the answer.
constexpr std::string_view kOtherReader =
    "SELECT execution_id, run_id FROM heretix_executions WHERE execution_id IN (SELECT execution_id FROM "
    "heretix_execution_samples WHERE cache_key = :key) ORDER BY execution_id LIMIT 1";
// Who asks about the same claim just now, and may have read any of its answers from the store already.
constexpr std::string_view kRunningReader =
    "SELECT execution_id, run_id FROM heretix_executions WHERE status = 'running' AND claim = :claim ORDER BY "
    "execution_id LIMIT 1";
constexpr std::array<std::string_view, 3> kHandOver = {
    "UPDATE heretix_answers SET execution_id = :other WHERE cache_key = :key AND execution_id = :execution",
    "UPDATE heretix_attempts SET execution_id = :other WHERE cache_key = :key AND execution_id = :execution",
    "UPDATE samples SET run_id = :run WHERE cache_key = :key"};
constexpr std::array<std::string_view, 2> kForgetAnswer = {"DELETE FROM heretix_answers WHERE cache_key = :key",
                                                           "DELETE FROM samples WHERE cache_key = :key"};
constexpr std::string_view kUnname =
    "UPDATE heretix_attempts SET cache_key = :nothing, execution_id = 'removed', error = NULL WHERE cache_key = :key";

// Of a question that somebody had decided.
constexpr std::string_view kQuestions = "SELECT DISTINCT question_key FROM decisions WHERE {}";
constexpr std::string_view kForgetDecisionRows = "DELETE FROM decisions WHERE {}";
constexpr std::string_view kLastAskedBefore = "last_asked_at < later(:ago)";
constexpr std::string_view kIsDecided = "SELECT 1 AS found FROM decisions WHERE question_key = :question LIMIT 1";
constexpr std::string_view kExecutionsOfQuestion =
    "SELECT execution_id FROM decision_executions WHERE question_key = :question";
constexpr std::string_view kExecutionsOfDecisions =
    "SELECT DISTINCT e.execution_id FROM decision_executions e JOIN decisions d ON d.question_key = e.question_key "
    "WHERE d.user_id = :user";
constexpr std::string_view kForgetExecutionsOfQuestion =
    "DELETE FROM decision_executions WHERE question_key = :question";
constexpr std::string_view kDecidedOptions = "SELECT decision_id FROM heretix_decisions WHERE decision_key = :question";
constexpr std::string_view kForgetDecidedOptions = "DELETE FROM heretix_decisions WHERE decision_key = :question";
constexpr std::string_view kBankOf =
    "SELECT bank_content_sha256 AS bank FROM heretix_executions WHERE execution_id = :execution";
// Wordings of a bank that is in a file are asked of many claims, and are made again when they are needed.
constexpr std::string_view kForgetBank =
    "DELETE FROM heretix_banks WHERE content_sha256 = :bank AND NOT EXISTS (SELECT 1 FROM heretix_executions e WHERE "
    "e.bank_content_sha256 = heretix_banks.content_sha256)";

constexpr std::string_view kOtherOfRecipe =
    "SELECT execution_id FROM heretix_executions WHERE run_id = :run AND status = 'done' ORDER BY rowid DESC LIMIT 1";
constexpr std::string_view kForgetRun = "DELETE FROM runs WHERE run_id = :run";
constexpr std::string_view kPointElsewhere = "UPDATE runs SET artifact_json_path = :artifact WHERE run_id = :run";

void delete_rows(Database& database, std::string_view table, const std::string& condition, const Bindings& bindings) {
  const std::string sql = fmt::format("DELETE FROM {} WHERE {}", table, condition);
  database.execute(sql, named_in(sql, bindings));
}

// The row of a harness file speaks for the newest execution of its recipe.
void forget_run(Database& answers, const RecipeId& recipe) {
  const auto others = answers.query(kOtherOfRecipe, {{":run", recipe}});
  if (others.empty()) {
    answers.execute(kForgetRun, {{":run", recipe}});
    return;
  }
  answers.execute(kPointElsewhere,
                  {{":artifact", artifact_name(others[0].id<ExecutionId>("execution_id"))}, {":run", recipe}});
}

// `running`: who may have read it from the store; empty: nobody.
void forget_key(Database& answers, const std::string& key, const ExecutionId& execution,
                const std::vector<Row>& running) {
  auto readers = answers.query(kOtherReader, {{":key", key}});
  if (readers.empty()) readers = running;
  if (!readers.empty()) {
    const Bindings bindings{{":other", readers[0].id<ExecutionId>("execution_id")},
                            {":run", readers[0].id<RecipeId>("run_id")},
                            {":key", key},
                            {":execution", execution}};
    for (const std::string_view sql : kHandOver) answers.execute(sql, named_in(sql, bindings));
    return;
  }
  for (const std::string_view sql : kForgetAnswer) answers.execute(sql, {{":key", key}});
  answers.execute(kUnname, {{":nothing", "removed-" + random_hex(16)}, {":key", key}});
}

bool is_still_shown(Database& service, const ExecutionId& execution, const std::optional<RecipeId>& recipe) {
  const Value own_name = recipe ? Value(check_run_id(*recipe, execution)) : Value(std::monostate{});
  return !service.query(kIsShown, {{":execution", execution}, {":run", own_name}}).empty();
}

// Within one transaction of the answers' database. False: somebody still counts it.
bool forget_execution(Database& service, const ExecutionId& execution, Database& answers, bool is_harness) {
  const auto found = answers.query(kExecution, {{":execution", execution}});
  const auto recipe = found.empty() ? std::nullopt : std::optional(found[0].id<RecipeId>("run_id"));
  const std::string claim = found.empty() ? "" : found[0].required_text("claim");
  if (is_still_shown(service, execution, recipe)) return false;
  if (!answers.query(kIsWatched, {{":execution", execution}}).empty()) return false;

  const auto keys = answers.query(kKeys, {{":execution", execution}});
  answers.execute(kForgetCounted, {{":execution", execution}});
  answers.execute(kForgetExecution, {{":execution", execution}});
  const auto running = answers.query(kRunningReader, {{":claim", claim}});
  for (const Row& row : keys) forget_key(answers, row.required_text("cache_key"), execution, running);
  if (is_harness && recipe) forget_run(answers, *recipe);
  return true;
}

}  // namespace

std::string checks_of_user() { return std::string(kOfUser); }

std::string with_checks(std::string_view condition, const std::string& checks) {
  return replaced(condition, {"{checks}", checks});
}

Bindings named_in(std::string_view sql, const Bindings& bindings) {
  Bindings named;
  for (const Binding& binding : bindings) {
    const std::size_t at = sql.find(binding.name);
    if (at != std::string_view::npos) named.push_back(binding);
  }
  return named;
}

std::vector<ExecutionId> Removal::executions_of(const std::string& checks, const Bindings& bindings) {
  std::set<ExecutionId> executions;
  for (const Row& row : database_.query(fmt::format(fmt::runtime(kExecutions), checks), bindings)) {
    if (auto counted = row.id_if_any<ExecutionId>("execution_id")) executions.insert(std::move(*counted));
    executions.insert(execution_in(row.id<RunId>("run_id")));
  }
  return {executions.begin(), executions.end()};
}

std::vector<ExecutionId> Removal::executions_of_user(const User& user) {
  const Bindings bindings{{":user", user.id}};
  std::vector<ExecutionId> executions = executions_of(std::string(kOfUser), bindings);
  for (const Row& row : database_.query(kExecutionsOfDecisions, bindings))
    executions.push_back(row.id<ExecutionId>("execution_id"));
  return executions;
}

std::vector<ExecutionId> Removal::remove_checks(const std::string& checks, const Bindings& bindings) {
  std::vector<ExecutionId> executions = executions_of(checks, bindings);
  for (const PersonalPlace& place : personal_places()) {
    if (place.kept_in != KeptIn::service || place.on_removal != OnRemoval::goes || place.of_checks.empty()) continue;
    delete_rows(database_, place.table, with_checks(place.of_checks, checks), bindings);
  }

  Queue queue(database_);
  for (const ExecutionId& execution : executions) {
    ServedChecks(database_).forget_record(execution);
    queue.enqueue({.kind = kForgetJob, .unique_key = execution.text(), .payload = "{}", .delay = kForgetAgainAfter});
  }
  return executions;
}

std::vector<std::string> Removal::questions_of(const std::string& condition, const Bindings& bindings) {
  std::vector<std::string> questions;
  Queue queue(database_);
  for (const Row& row : database_.query(fmt::format(kQuestions, condition), bindings)) {
    questions.push_back(row.required_text("question_key"));
    queue.remove(kForgetDecisionJob, questions.back());  // of an earlier removal
    queue.enqueue(
        {.kind = kForgetDecisionJob, .unique_key = questions.back(), .payload = "{}", .delay = kForgetAgainAfter});
  }
  return questions;
}

Measured Removal::remove_user(const User& user) {
  Measured measured;
  measured.questions = questions_of("user_id = :user", {{":user", user.id}});
  measured.executions = remove_checks(std::string(kOfUser), {{":user", user.id}});
  const Bindings bindings{{":user", user.id}, {":address", secret_.hash("address", user.email)}};
  for (const PersonalPlace& place : personal_places()) {
    if (place.kept_in != KeptIn::service || place.on_removal != OnRemoval::goes || place.of_user.empty()) continue;
    delete_rows(database_, place.table, std::string(place.of_user), bindings);
  }
  return measured;
}

std::vector<std::string> Removal::remove_decisions_older_than(double days) {
  const Bindings bindings{{":ago", -days * 86'400}};
  std::vector<std::string> questions = questions_of(std::string(kLastAskedBefore), bindings);
  database_.execute(fmt::format(kForgetDecisionRows, kLastAskedBefore), bindings);
  return questions;
}

std::optional<std::vector<ExecutionId>> Removal::remove_ended_check(const CheckId& id) {
  const auto rows = database_.query(kLockState, {{":check", id}});
  if (!rows.empty() && is_under_way(check_state_of(rows[0]))) return std::nullopt;
  return remove_checks(std::string(kOfId), {{":check", id}});
}

std::optional<std::vector<ExecutionId>> Removal::remove_ended_set(const std::string& set_id) {
  for (const Row& row : database_.query(kLockSet, {{":set", set_id}})) {
    if (is_under_way(check_state_of(row))) return std::nullopt;
  }
  std::vector<ExecutionId> executions = remove_checks(std::string(kOfSet), {{":set", set_id}});
  database_.execute(kForgetKeyOf, {{":made", set_id}});
  for (const std::string_view sql : kForgetSet) database_.execute(sql, {{":set", set_id}});
  return executions;
}

std::vector<ExecutionId> Removal::remove_checks_older_than(double days) {
  return remove_checks(std::string(kOfAge), {{":ago", -days * 86'400}});
}

void forget_executions(Database& service, AnswersPlace& place, const std::vector<ExecutionId>& executions) {
  const bool is_harness = place.database != nullptr;
  Database& answers = place.runs->database();
  for (const ExecutionId& execution : executions) {
    bool is_forgotten = false;
    in_transaction(answers, [&] { is_forgotten = forget_execution(service, execution, answers, is_harness); },
                   {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
    if (is_harness && is_forgotten) {
      std::error_code not_there;
      std::filesystem::remove(artifact_path(place.path, artifact_name(execution)), not_there);
    }
    Queue(service).remove(kForgetJob, execution.text());
  }
}

namespace {

// The answers of a choice or a score have its id where those of a check have their execution's. Nothing else counts
// them, because their keys name the question.
void forget_decided_options(Database& answers, const std::string& question) {
  if (!answers.has_table("heretix_decisions")) return;
  for (const Row& row : answers.query(kDecidedOptions, {{":question", question}})) {
    const auto id = row.id<ExecutionId>("decision_id");
    for (const Row& key : answers.query(kKeys, {{":execution", id}}))
      forget_key(answers, key.required_text("cache_key"), id, {});
  }
  answers.execute(kForgetDecidedOptions, {{":question", question}});
}

std::vector<ExecutionId> executions_of_question(Database& service, const std::string& question) {
  std::vector<ExecutionId> executions;
  for (const Row& row : service.query(kExecutionsOfQuestion, {{":question", question}}))
    executions.push_back(row.id<ExecutionId>("execution_id"));
  return executions;
}

std::set<std::string> banks_of(Database& answers, const std::vector<ExecutionId>& executions) {
  std::set<std::string> banks;
  for (const ExecutionId& execution : executions)
    for (const Row& row : answers.query(kBankOf, {{":execution", execution}})) banks.insert(row.required_text("bank"));
  return banks;
}

}  // namespace

// The job of a question stays: what is measured for it at this moment comes later.
void forget_decisions(Database& service, AnswersPlace& place, const std::vector<std::string>& questions) {
  Database& answers = place.runs->database();
  for (const std::string& question : questions) {
    if (!service.query(kIsDecided, {{":question", question}}).empty()) continue;
    const std::vector<ExecutionId> executions = executions_of_question(service, question);
    const std::set<std::string> banks = banks_of(answers, executions);

    forget_executions(service, place, executions);
    in_transaction(answers,
                   [&] {
                     forget_decided_options(answers, question);
                     for (const std::string& bank : banks) answers.execute(kForgetBank, {{":bank", bank}});
                   },
                   {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
    service.execute(kForgetExecutionsOfQuestion, {{":question", question}});
  }
}

void forget_measured(Database& service, AnswersPlace& answers, const Measured& measured) {
  forget_executions(service, answers, measured.executions);
  forget_decisions(service, answers, measured.questions);
}

void forget_by_age(Database& service) {
  for (const PersonalPlace& place : personal_places()) {
    for (const Forgetting& forgetting : place.forgetting)
      delete_rows(service, place.table, std::string(forgetting.rows),
                  {{":ago", -static_cast<double>(forgetting.age.count())}});
  }
}

}  // namespace heretix
