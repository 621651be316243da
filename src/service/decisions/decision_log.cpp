#include "service/decisions/decision_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/random.hpp"

namespace heretix {
namespace {

constexpr double kNotedEvery = 60;      // seconds
constexpr std::size_t kMostKeys = 100;  // in one statement

constexpr std::string_view kKnown =
    "SELECT question_key, answer FROM decisions WHERE user_id = :user AND model = :model AND question_key IN ({})";
constexpr std::string_view kBegin =
    "INSERT INTO decisions (id, user_id, question_key, model, kind, state, question, ledger_id, created_at, "
    "last_asked_at) VALUES (:id, :user, :key, :model, :kind, :state, :question, :ledger, now(), now())";
constexpr std::string_view kOne = "user_id = :user AND model = :model AND question_key = :key";
constexpr std::string_view kKeep =
    "UPDATE decisions SET answer = CASE WHEN wordings < :wordings THEN :answer ELSE answer END, record = CASE WHEN "
    "wordings < :wordings THEN :record ELSE record END, answered_at = CASE WHEN wordings < :wordings THEN now() ELSE "
    "answered_at END, wordings = CASE WHEN wordings < :wordings THEN :wordings ELSE wordings END, last_asked_at = "
    "now() WHERE {}";
constexpr std::string_view kNote =
    "UPDATE decisions SET last_asked_at = now() WHERE user_id = :user AND model = :model AND question_key IN ({}) AND "
    "last_asked_at < later(:noted)";
constexpr std::string_view kGiveUp = "DELETE FROM decisions WHERE {} AND answer IS NULL RETURNING ledger_id";
constexpr std::string_view kList =
    "SELECT id, model, state, question, answer, created_at, answered_at, last_asked_at FROM decisions WHERE user_id = "
    ":user AND answer IS NOT NULL{} ORDER BY last_asked_at DESC, id DESC LIMIT :most";
constexpr std::string_view kBefore =
    " AND (last_asked_at, id) < (SELECT b.last_asked_at, b.id FROM decisions b WHERE b.id = :before AND b.user_id = "
    ":user)";
constexpr std::string_view kNoteExecution =
    "INSERT INTO decision_executions (execution_id, question_key, created_at) VALUES (:execution, :key, now()) ON "
    "CONFLICT DO NOTHING";
constexpr std::string_view kIsOurs =
    "SELECT 1 AS found FROM decision_executions WHERE execution_id = :execution UNION ALL SELECT 1 FROM check_requests "
    "WHERE execution_id = :execution LIMIT 1";

// A statement about some of the keys, with a name for each; the names live as long as this object.
class KeyNames {
 public:
  KeyNames(const std::vector<std::string>& keys, std::size_t first, Bindings& bindings) {
    const std::size_t end = std::min(keys.size(), first + kMostKeys);
    names_.reserve(end - first);
    for (std::size_t i = first; i < end; ++i) {
      names_.push_back(fmt::format(":key{}", i - first));
      bindings.push_back({names_.back(), keys[i]});
    }
  }
  KeyNames(const KeyNames&) = delete;
  KeyNames& operator=(const KeyNames&) = delete;

  std::string list() const { return fmt::format("{}", fmt::join(names_, ", ")); }

 private:
  std::vector<std::string> names_;
};

Bindings of_one(const UserId& user_id, const std::string& model, const std::string& key) {
  return {{":user", user_id}, {":model", model}, {":key", key}};
}

ServedDecision decision_from(const Row& row) {
  const auto answer = nlohmann::json::parse(row.required_text("answer"));
  return {.id = row.required_text("id"),
          .model = row.required_text("model"),
          .state = row.required_text("state"),
          .question = decision_question_from(nlohmann::json::parse(row.required_text("question"))),
          .answer = decision_answer_from(answer),
          .is_mock = answer.value("mock", false),
          .created_at = row.required_text("created_at"),
          .last_asked_at = row.required_text("last_asked_at"),
          .answered_at = row.text("answered_at")};
}

}  // namespace

DecisionLog::Known DecisionLog::known(const UserId& user_id, const std::string& model,
                                      const std::vector<std::string>& keys) {
  Known found;
  for (std::size_t first = 0; first < keys.size(); first += kMostKeys) {
    Bindings bindings{{":user", user_id}, {":model", model}};
    const KeyNames names(keys, first, bindings);
    for (const Row& row : database_.query(fmt::format(kKnown, names.list()), bindings)) {
      const auto answer = row.text("answer");
      found[row.required_text("question_key")] =
          answer ? std::optional(decision_answer_from(nlohmann::json::parse(*answer))) : std::nullopt;
    }
  }
  return found;
}

void DecisionLog::begin(const NewDecision& decision) {
  Bindings row = of_one(decision.user_id, decision.model, decision.key);
  row.push_back({":id", new_uuid()});
  row.push_back({":kind", std::string(to_word(decision.question.kind))});
  row.push_back({":state", decision.state});
  row.push_back({":question", to_json(decision.question).dump()});
  row.push_back({":ledger", decision.ledger_id});
  database_.execute(kBegin, row);
}

bool DecisionLog::keep(const UserId& user_id, const std::string& model, const std::string& key,
                       const DecisionAnswer& answer, bool is_mock) {
  Bindings row = of_one(user_id, model, key);
  row.push_back({":wordings", static_cast<std::int64_t>(answer.asked)});
  nlohmann::json stored = stored_json(answer);
  if (is_mock) stored["mock"] = true;
  row.push_back({":answer", stored.dump()});
  row.push_back({":record", answer.record});
  return database_.execute(fmt::format(kKeep, kOne), row) == 1;
}

void DecisionLog::note_asked(const UserId& user_id, const std::string& model, const std::vector<std::string>& keys) {
  for (std::size_t first = 0; first < keys.size(); first += kMostKeys) {
    Bindings bindings{{":user", user_id}, {":model", model}, {":noted", -kNotedEvery}};
    const KeyNames names(keys, first, bindings);
    database_.execute(fmt::format(kNote, names.list()), bindings);
  }
}

std::optional<std::string> DecisionLog::give_up(const UserId& user_id, const std::string& model,
                                                const std::string& key) {
  const auto rows = database_.change(fmt::format(kGiveUp, kOne), of_one(user_id, model, key));
  return rows.empty() ? std::nullopt : rows[0].text("ledger_id");
}

std::vector<ServedDecision> DecisionLog::list(const UserId& user_id, const ListedDecisions& wanted) {
  Bindings bindings{{":user", user_id}, {":most", static_cast<std::int64_t>(wanted.most)}};
  if (wanted.before) bindings.push_back({":before", *wanted.before});
  std::vector<ServedDecision> decisions;
  for (const Row& row : database_.query(fmt::format(kList, wanted.before ? kBefore : ""), bindings))
    decisions.push_back(decision_from(row));
  return decisions;
}

void DecisionLog::note_execution(const std::string& key, const ExecutionId& execution_id, bool is_new) {
  if (!is_new && database_.query(kIsOurs, {{":execution", execution_id}}).empty()) return;
  database_.execute(kNoteExecution, {{":execution", execution_id}, {":key", key}});
}

}  // namespace heretix
