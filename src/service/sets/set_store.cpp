#include "service/sets/set_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "belief/stats/belief_v2.hpp"
#include "service/checks/check_job.hpp"
#include "store/stored_word.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kCellsInOneRoundTrip = 500;
constexpr int kChecksForPace = 20;
constexpr double kLongestTransaction = 10;  // seconds; what commits later carries the time at which it began

constexpr std::string_view kInsertSet =
    "INSERT INTO sets (id, user_id, name, models, request, claims, created_at) VALUES (:id, :user, :name, :models, "
    ":request, :claims, now())";
constexpr std::string_view kInsertClaim =
    "INSERT INTO set_claims (set_id, number, line, claim, tags, truth) VALUES (:set, :number, :line, :claim, :tags, "
    ":truth) RETURNING number";
constexpr std::string_view kInsertCell =
    "INSERT INTO set_checks (set_id, number, model, check_id) VALUES (:set, :number, :model, :check) RETURNING number";
constexpr std::string_view kSetColumns = "id, user_id, name, models, request, claims, created_at";
constexpr std::string_view kCounts =
    "SELECT k.set_id, q.state, count(*) AS cells, CAST(sum(CASE WHEN c.was_cached AND q.state = 'done' THEN 1 ELSE 0 "
    "END) AS bigint) AS stored, CAST(sum(COALESCE(k.billed_micro_usd, 0)) AS bigint) AS billed FROM set_checks k JOIN "
    "check_requests q ON q.check_id = k.check_id JOIN checks c ON c.id = k.check_id WHERE k.set_id IN ({}) GROUP BY "
    "k.set_id, q.state";
constexpr std::string_view kUncollected =
    "SELECT k.number, k.model, c.was_cached, r.record FROM set_checks k JOIN check_requests q ON q.check_id = "
    "k.check_id JOIN checks c ON c.id = k.check_id JOIN check_records r ON r.execution_id = q.execution_id WHERE "
    "k.set_id = :set AND k.figures IS NULL AND q.state = 'done' LIMIT :most";
constexpr std::string_view kCollect =
    "UPDATE set_checks SET figures = :figures, billed_micro_usd = :billed WHERE set_id = :set AND number = :number AND "
    "model = :model RETURNING number";
constexpr std::string_view kClaims =
    "SELECT number, line, claim, tags, truth FROM set_claims WHERE set_id = :set ORDER BY number";
constexpr std::string_view kCells =
    "SELECT k.number, k.model, k.check_id, k.figures, k.billed_micro_usd, q.state FROM set_checks k JOIN "
    "check_requests q ON q.check_id = k.check_id WHERE k.set_id = :set";
constexpr std::string_view kInOrder = " ORDER BY k.number, k.model";
constexpr std::string_view kResults =
    "SELECT k.number, k.model, k.check_id, k.figures, k.billed_micro_usd, q.state, q.error, q.request, q.execution_id, "
    "c.run_id, c.model AS model_name FROM set_checks k JOIN check_requests q ON q.check_id = k.check_id JOIN checks c "
    "ON c.id = k.check_id WHERE k.set_id = :set";
constexpr std::string_view kUnderWay =
    "SELECT k.check_id FROM set_checks k JOIN check_requests q ON q.check_id = k.check_id WHERE k.set_id = :set AND "
    "q.state IN ('queued', 'running')";
constexpr std::string_view kPace =
    "SELECT e.created_at AS began, c.finished_at AS ended FROM checks c JOIN check_events e ON e.check_id = c.id WHERE "
    "c.user_id = :user AND c.model = :model AND c.finished_at IS NOT NULL AND NOT c.was_cached AND e.kind = 'state' "
    "AND e.payload LIKE '%running%' ORDER BY c.created_at DESC LIMIT :most";

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

template <class T>
std::optional<T> if_any(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? std::nullopt : std::optional(found->get<T>());
}

std::string text_of(const SetFigures& f) {
  json wordings = json::array();
  for (const auto& mean : f.wordings) wordings.push_back(or_null(mean));
  const json out = {{"p", f.p},
                    {"low", or_null(f.low)},
                    {"high", or_null(f.high)},
                    {"stable", or_null(f.is_stable)},
                    {"gates", f.gates_failed},
                    {"compliance", f.compliance},
                    {"answers", f.answers},
                    {"from_store", f.from_store},
                    {"seconds", f.seconds},
                    {"provider", f.provider},
                    {"bank", f.bank},
                    {"wordings", wordings}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

SetFigures figures_from(const std::string& text) {
  const json in = json::parse(text);
  SetFigures f{.p = in.at("p"),
               .low = if_any<double>(in, "low"),
               .high = if_any<double>(in, "high"),
               .is_stable = if_any<bool>(in, "stable"),
               .gates_failed = in.at("gates"),
               .compliance = in.at("compliance"),
               .answers = in.at("answers"),
               .from_store = in.at("from_store"),
               .seconds = in.at("seconds"),
               .provider = in.at("provider"),
               .bank = in.at("bank")};
  for (const json& mean : in.at("wordings"))
    f.wordings.push_back(mean.is_null() ? std::nullopt : std::optional(mean.get<double>()));
  return f;
}

// The belief that people are shown: belief_v2, or in a record of an earlier build the honest interval.
void read_belief(const json& record, SetFigures& f) {
  const auto found = record.find("belief_v2");
  const json& belief = found == record.end() ? record.at("honest") : *found;
  f.p = belief.at("p");
  if (const auto ci = belief.find("ci"); ci != belief.end() && ci->is_array()) {
    f.low = ci->at(0).get<double>();
    f.high = ci->at(1).get<double>();
  }
  f.is_stable = if_any<bool>(belief, "stable");
}

// The value of a wording is the mean of its answers in log-odds. A number that the model wrote is read as it was
// rounded; nobody rounded those of other readouts, whose records say how they were read.
void read_wordings(const json& record, SetFigures& f) {
  f.bank = record.at("config").value("prompt_version", "");
  const bool is_written = !record.contains("readout");
  for (const json& wording : record.at("templates")) {
    const auto place = wording.at("paraphrase_idx").get<std::size_t>();
    const json& answers = wording.at("prob_true");
    if (f.wordings.size() <= place) f.wordings.resize(place + 1);
    if (answers.empty()) continue;
    double sum = 0;
    for (const json& answer : answers) {
      const Probability p(answer.get<double>());
      sum += (is_written ? read_as_shortest(p) : read_as_it_is(p)).value.value();
    }
    f.wordings[place] = sum / static_cast<double>(answers.size());
  }
}

std::int64_t billed_of_record(const std::string& record) {
  const json parsed = json::parse(record);
  return parsed.at("execution").value("billed_micro_usd", std::int64_t{0});
}

ServedSet set_from(const Row& row) {
  return {.id = row.id<SetId>("id"),
          .user_id = row.id<UserId>("user_id"),
          .name = row.required_text("name"),
          .models = json::parse(row.required_text("models")).get<std::vector<std::string>>(),
          .request = row.required_text("request"),
          .claims = row.integer("claims").value_or(0),
          .created_at = row.required_text("created_at")};
}

SetCell cell_from(const Row& row) {
  SetCell cell{.number = row.integer("number").value_or(0),
               .model = static_cast<std::size_t>(row.integer("model").value_or(0)),
               .check_id = row.id<CheckId>("check_id"),
               .state = check_state_of(row),
               .billed = Usd::from_micros(row.integer("billed_micro_usd").value_or(0))};
  if (const auto figures = row.text("figures")) cell.figures = figures_from(*figures);
  return cell;
}

void count(SetCounts& counts, CheckState state, std::int64_t cells) {
  switch (state) {
    case CheckState::queued: counts.queued += cells; break;
    case CheckState::running: counts.running += cells; break;
    case CheckState::done: counts.done += cells; break;
    case CheckState::failed: counts.failed += cells; break;
    case CheckState::cancelled: counts.cancelled += cells; break;
  }
}

// "2026-11-23 08:00:00.250000" in seconds since a fixed day.
double seconds_of(const std::string& time) {
  std::tm parts{};
  std::istringstream text(time);
  char separator = 0;
  double seconds = 0;
  text >> parts.tm_year >> separator >> parts.tm_mon >> separator >> parts.tm_mday >> parts.tm_hour >> separator >>
      parts.tm_min >> separator >> seconds;
  using namespace std::chrono;
  const sys_days day = year(parts.tm_year) / month(static_cast<unsigned>(std::abs(parts.tm_mon))) /
                       std::chrono::day(static_cast<unsigned>(std::abs(parts.tm_mday)));
  return static_cast<double>(day.time_since_epoch().count()) * 86'400 + parts.tm_hour * 3600 + parts.tm_min * 60 +
         seconds;
}

}  // namespace

SetFigures figures_of_record(const std::string& text) {
  try {
    const json record = json::parse(text);
    SetFigures f;
    read_belief(record, f);
    for (const json& gate : record.at("gates")) {
      if (!gate.at("passed").get<bool>()) f.gates_failed.push_back(gate.at("name"));
    }
    const json& execution = record.at("execution");
    f.compliance = record.at("rpl_compliance_rate");
    f.answers = record.at("answered");
    f.from_store = record.value("from_store", std::int64_t{0});
    f.seconds = execution.value("finished_at", 0.0) - execution.value("created_at", 0.0);
    f.provider = execution.value("provider", "");
    read_wordings(record, f);
    return f;
  } catch (const json::exception& e) {
    throw Error(ErrorKind::broken, fmt::format("the record of a check is damaged: {}", e.what()));
  }
}

void Sets::insert(const NewSet& set, const std::vector<SetLine>& lines) {
  database_.execute(kInsertSet, {{":id", set.id},
                                 {":user", set.user_id},
                                 {":name", set.name},
                                 {":models", json(set.models).dump()},
                                 {":request", set.request},
                                 {":claims", static_cast<std::int64_t>(lines.size())}});

  std::vector<Query> queries;
  std::int64_t number = 0;
  for (const SetLine& line : lines) {
    queries.push_back({std::string(kInsertClaim),
                       {{":set", set.id},
                        {":number", number++},
                        {":line", std::int64_t{line.line}},
                        {":claim", line.claim},
                        {":tags", json(line.tags).dump()},
                        {":truth", line.truth ? Value(std::int64_t{*line.truth}) : Value()}},
                       Effect::changes});

    if (queries.size() < kCellsInOneRoundTrip) continue;
    database_.query_all(queries);
    queries.clear();
  }

  database_.query_all(queries);
}

Query Sets::cell_insertion(const SetId& id, std::int64_t number, std::size_t model, const CheckId& check_id) {
  return {std::string(kInsertCell),
          {{":set", id}, {":number", number}, {":model", static_cast<std::int64_t>(model)}, {":check", check_id}},
          Effect::changes};
}

void Sets::add_counts(std::vector<ServedSet>& sets) {
  if (sets.empty()) return;
  std::map<SetId, ServedSet*> by_id;
  std::string names;
  Bindings bindings;
  std::vector<std::string> kept;  // the bindings only view their names
  kept.reserve(sets.size());
  for (ServedSet& set : sets) {
    by_id[set.id] = &set;
    kept.push_back(fmt::format(":set{}", kept.size()));
    names += (names.empty() ? "" : ", ") + kept.back();
    bindings.push_back({kept.back(), set.id});
  }
  for (const Row& row : database_.query(fmt::format(kCounts, names), bindings)) {
    SetCounts& counts = by_id.at(row.id<SetId>("set_id"))->counts;
    count(counts, check_state_of(row), row.integer("cells").value_or(0));
    counts.stored += row.integer("stored").value_or(0);
    counts.billed += Usd::from_micros(row.integer("billed").value_or(0));
  }
}

std::optional<ServedSet> Sets::find(const SetId& id) {
  std::vector<ServedSet> sets;
  for (const Row& row : database_.query(fmt::format("SELECT {} FROM sets WHERE id = :id", kSetColumns), {{":id", id}}))
    sets.push_back(set_from(row));
  add_counts(sets);
  return sets.empty() ? std::nullopt : std::optional(sets[0]);
}

std::vector<ServedSet> Sets::list(const UserId& user_id, const std::optional<ServedSet>& before, std::size_t most) {
  std::string sql = fmt::format("SELECT {} FROM sets WHERE user_id = :user", kSetColumns);
  Bindings bindings{{":user", user_id}, {":most", static_cast<std::int64_t>(most)}};
  if (before) {
    sql += " AND (created_at, id) < (:time, :before)";
    // The time is in UTC. Without an offset Postgres would read it in the session's time zone.
    bindings.push_back({":time", before->created_at + (database_.locks_rows() ? "+00" : "")});
    bindings.push_back({":before", before->id});
  }
  sql += " ORDER BY created_at DESC, id DESC LIMIT :most";
  std::vector<ServedSet> sets;
  for (const Row& row : database_.query(sql, bindings)) sets.push_back(set_from(row));
  add_counts(sets);
  return sets;
}

void Sets::collect(const SetId& id) {
  for (;;) {
    const auto rows =
        database_.query(kUncollected, {{":set", id}, {":most", static_cast<std::int64_t>(kCellsInOneRoundTrip)}});
    if (rows.empty()) return;

    std::vector<Query> queries;
    for (const Row& row : rows) {
      const std::string record = row.required_text("record");
      // What a stored result cost was billed to the check that measured it.
      const std::int64_t billed = row.integer("was_cached") == 1 ? 0 : billed_of_record(record);
      queries.push_back({std::string(kCollect),
                         {{":figures", text_of(figures_of_record(record))},
                          {":billed", billed},
                          {":set", id},
                          {":number", row.integer("number").value_or(0)},
                          {":model", row.integer("model").value_or(0)}},
                         Effect::changes});
    }

    in_transaction(database_, [&] { database_.query_all(queries); },
                   {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
    if (rows.size() < kCellsInOneRoundTrip) return;
  }
}

std::vector<SetClaim> Sets::claims(const SetId& id) {
  std::vector<SetClaim> claims;
  for (const Row& row : database_.query(kClaims, {{":set", id}})) {
    SetClaim claim{.number = row.integer("number").value_or(0),
                   .line = row.integer("line").value_or(0),
                   .claim = row.required_text("claim"),
                   .tags = json::parse(row.required_text("tags")).get<std::vector<std::string>>()};
    if (const auto truth = row.integer("truth")) claim.truth = *truth == 1;
    claims.push_back(std::move(claim));
  }
  return claims;
}

std::vector<SetCell> Sets::cells(const SetId& id, const std::optional<std::string>& since) {
  Bindings bindings{{":set", id}};
  std::string sql(kCells);
  if (since) {
    sql += " AND q.updated_at >= :since";
    bindings.push_back({":since", *since + (database_.locks_rows() ? "+00" : "")});
  }
  sql += kInOrder;
  std::vector<SetCell> cells;
  for (const Row& row : database_.query(sql, bindings)) cells.push_back(cell_from(row));
  return cells;
}

std::vector<SetResult> Sets::results(const SetId& id) {
  std::vector<SetResult> results;
  for (const Row& row : database_.query(fmt::format("{}{}", kResults, kInOrder), {{":set", id}}))
    results.push_back({.cell = cell_from(row),
                       .model = row.id<ModelName>("model_name"),
                       .run_id = row.id<RunId>("run_id"),
                       .execution_id = row.id_if_any<ExecutionId>("execution_id"),
                       .is_mock = is_mock_job(row.required_text("request")),
                       .error = row.text("error")});
  return results;
}

std::vector<CheckId> Sets::under_way(const SetId& id) {
  std::vector<CheckId> checks;
  for (const Row& row : database_.query(kUnderWay, {{":set", id}})) checks.push_back(row.id<CheckId>("check_id"));
  return checks;
}

std::string Sets::place_in_time() {
  return database_.query("SELECT later(:ago) AS place", {{":ago", -kLongestTransaction}})[0].required_text("place");
}

std::optional<double> Sets::seconds_of_check(const UserId& user_id, const ModelName& model) {
  const auto rows =
      database_.query(kPace, {{":user", user_id}, {":model", model}, {":most", std::int64_t{kChecksForPace}}});
  if (rows.empty()) return std::nullopt;
  double sum = 0;
  for (const Row& row : rows) sum += seconds_of(row.required_text("ended")) - seconds_of(row.required_text("began"));
  return std::max(0.0, sum / static_cast<double>(rows.size()));
}

}  // namespace heretix
