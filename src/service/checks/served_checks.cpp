#include "service/checks/served_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "base/text.hpp"
#include "belief/record/measured_columns.hpp"
#include "measure/check_row.hpp"
#include "service/checks/check_job.hpp"
#include "service/checks/web_words.hpp"
#include "store/stored_word.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kInsertCheck =
    "INSERT INTO checks (id, run_id, env, user_id, claim, claim_hash, model, prompt_version, \"K\", \"R\", \"T\", "
    "\"B\", seed, max_output_tokens, prompt_char_len_max, was_cached, created_at) VALUES (:id, :run, :env, :user, "
    ":claim, :hash, :model, :version, :K, :R, :T, :B, :seed, :tokens, :longest, false, now())";
constexpr std::string_view kInsertCached =
    "INSERT INTO checks (id, run_id, env, user_id, claim, claim_hash, model, prompt_version, \"K\", \"R\", \"T\", "
    "\"B\", seed, was_cached, created_at, finished_at{}) SELECT :id, :run, :env, :user, :claim, :hash, :model, "
    ":version, :K, :R, o.\"T\", :B, :seed, true, now(), now(){} FROM checks o {} RETURNING created_at, finished_at";
constexpr std::string_view kOneCheck = "WHERE o.id = :of";
constexpr std::string_view kInsertRequest =
    "INSERT INTO check_requests (check_id, state, request, visitor_id, ledger_id, charged_to, execution_id, "
    "result_key, "
    "last_event, created_at, updated_at) VALUES (:id, :state, :request, :visitor, :ledger, :charged, :execution, "
    ":result, 1, now(), now()) RETURNING check_id";
constexpr std::string_view kInsertFirstEvent =
    "INSERT INTO check_events (check_id, number, kind, payload, created_at) VALUES (:id, 1, 'state', :payload, now()) "
    "RETURNING check_id";
// The same three as parts of one statement.
constexpr std::string_view kInsertFoundRequest =
    "INSERT INTO check_requests (check_id, state, request, visitor_id, ledger_id, charged_to, execution_id, "
    "result_key, last_event, created_at, updated_at) SELECT :id, :state, :request, :visitor, NULL, :charged, "
    "f.execution_id, :result, 1, now(), now() FROM {} f, copied RETURNING check_id";
constexpr std::string_view kInsertFoundEvent =
    "INSERT INTO check_events (check_id, number, kind, payload, created_at) SELECT :id, 1, 'state', :payload, now() "
    "FROM requested RETURNING check_id";
constexpr std::string_view kKeepRecord =
    "INSERT INTO check_records (execution_id, record, measured_at) VALUES (:execution, :record, now()) ON CONFLICT "
    "(execution_id) DO UPDATE SET record = excluded.record, measured_at = excluded.measured_at";
constexpr std::string_view kNameRecord = "UPDATE check_requests SET execution_id = :execution WHERE check_id = :id";
constexpr std::string_view kLockRecord =
    "SELECT execution_id FROM check_records WHERE execution_id = :execution FOR UPDATE";
constexpr std::string_view kForgetRecord =
    "DELETE FROM check_records WHERE execution_id = :execution AND NOT EXISTS (SELECT 1 FROM check_requests q WHERE "
    "q.execution_id = check_records.execution_id)";
constexpr std::string_view kColumns =
    "c.id, c.run_id, c.claim, c.model, c.user_id, c.created_at, c.finished_at, c.was_cached, q.state, q.visitor_id, "
    "q.request, q.error_kind, q.error, q.charged_to, q.ledger_id, q.cancel_requested, "
    "q.last_event, q.share_id";
constexpr std::string_view kBelief = "json(r.record) -> 'belief_v2' AS belief";  // in place of the whole record
constexpr std::string_view kWithRecord = "LEFT JOIN check_records r ON r.execution_id = q.execution_id";
constexpr std::string_view kEvent =
    "UPDATE check_requests SET last_event = last_event + 1, updated_at = now() WHERE check_id = :id RETURNING "
    "last_event";
constexpr std::string_view kInsertEvent =
    "INSERT INTO check_events (check_id, number, kind, payload, created_at) VALUES (:id, :number, :kind, :payload, "
    "now())";
constexpr std::string_view kBegin =
    "UPDATE check_requests SET state = 'running', lease_token = :lease WHERE check_id = :id AND state IN ('queued', "
    "'running')";
constexpr std::string_view kOwned = " WHERE check_id = :id AND lease_token = :lease AND state = 'running'";
constexpr std::string_view kCancelQueued =
    "UPDATE check_requests SET state = 'cancelled' WHERE check_id = :id AND state = 'queued'";
constexpr std::string_view kRequestCancel =
    "UPDATE check_requests SET cancel_requested = 1, updated_at = now() WHERE check_id = :id AND state IN ('running', "
    "'queued')";
constexpr std::string_view kFinishRow = "UPDATE checks SET finished_at = now() WHERE id = :id";
constexpr std::string_view kTakeOver =
    "UPDATE checks SET user_id = :user WHERE user_id IS NULL AND id IN (SELECT check_id FROM check_requests WHERE "
    "visitor_id = :visitor)";
constexpr std::string_view kForgetVisitor = "UPDATE check_requests SET visitor_id = NULL WHERE visitor_id = :visitor";
constexpr std::string_view kShare =
    "UPDATE check_requests SET share_id = COALESCE(share_id, :share) WHERE check_id = :id RETURNING share_id";
constexpr std::string_view kUnshare = "UPDATE check_requests SET share_id = NULL WHERE check_id = :id";
constexpr std::string_view kReturned =
    "UPDATE check_requests SET charged_to = 'returned' WHERE check_id = :id AND charged_to IN ('user', 'visitor')";
constexpr std::string_view kEvents =
    "SELECT number, kind, payload FROM check_events WHERE check_id = :id AND number > :after ORDER BY number LIMIT "
    ":most";
constexpr std::string_view kChanged = "SELECT check_id, last_event FROM check_requests WHERE updated_at > later(:ago)";

constexpr std::string_view kRequests = "check_requests";

Value text_or_null(const std::string& text) { return text.empty() ? Value(std::monostate{}) : Value(text); }

// The owner's id if it is of that kind.
template <class Identity>
Value id_or_null(const CheckOwner& owner) {
  const auto* id = std::get_if<Identity>(&owner);
  return id == nullptr ? Value() : Value(*id);
}

// The columns of `checks` that lists show.
void read_check(const Row& row, ServedCheck& check) {
  check.id = row.id<CheckId>("id");
  check.run_id = row.id<RunId>("run_id");
  check.claim = row.text_or_empty("claim");
  check.model = row.id<ModelName>("model");
  check.user_id = row.id_if_any<UserId>("user_id");
  check.created_at = row.required_text("created_at");
  check.finished_at = row.text("finished_at");
  check.was_cached = row.integer("was_cached") == 1;
}

// The columns of `check_requests`.
void read_request(const Row& row, ServedCheck& check) {
  check.state = stored_as(row, kRequests, "state", kCheckStateWords);
  check.visitor_id = row.id_if_any<VisitorId>("visitor_id");
  check.request = row.required_text("request");
  check.is_mock = is_mock_job(check.request);
  if (row.text("error_kind"))
    check.error = CheckError{stored_as(row, kRequests, "error_kind", kErrorKindWords), row.text_or_empty("error")};
  check.charged_to = stored_as(row, kRequests, "charged_to", kChargedToWords);
  check.ledger_id = row.text("ledger_id");
  check.share_id = row.text("share_id");
  check.cancel_requested = row.integer("cancel_requested") == 1;
  check.last_event = row.integer("last_event").value_or(0);
}

ServedCheck served_from(const Row& row) {
  ServedCheck check;
  read_check(row, check);
  read_request(row, check);
  if (row.has("record")) check.record = row.text("record");
  const auto belief = row.has("belief") ? row.text("belief") : belief_in(check.record.value_or(""));
  if (belief) check.belief = shown_belief_from(json::parse(*belief));
  return check;
}

// Copies the figures that lists show from the check that measured them. Its long texts are not copied. `which` says of
// which check `o`.
std::string insert_cached_sql(std::string_view which) {
  static const auto columns = [] {
    std::pair<std::string, std::string> names_and_values;
    for (const MeasuredColumn& column : measured_columns()) {
      if (!column.is_figure) continue;
      names_and_values.first += fmt::format(", {}", column.name);
      names_and_values.second += fmt::format(", o.{}", column.name);
    }
    return names_and_values;
  }();
  return fmt::format(kInsertCached, columns.first, columns.second, which);
}

std::string state_payload(CheckState state) { return json{{"state", to_word(state)}}.dump(); }

}  // namespace

CheckState check_state_of(const Row& row) { return stored_as(row, kRequests, "state", kCheckStateWords); }

void ServedChecks::add_event(const CheckId& id, CheckEventKind kind, const std::string& payload) {
  const auto rows = database_.change(kEvent, {{":id", id}});
  if (rows.empty()) return;
  database_.execute(kInsertEvent, {{":id", id},
                                   {":number", rows[0].integer("last_event").value_or(0)},
                                   {":kind", std::string(to_word(kind))},
                                   {":payload", payload}});
}

namespace {

// The columns that both kinds of new checks have in common.
Bindings row_of(const NewServedCheck& check, const Plan& plan, std::optional<std::uint64_t> seed) {
  const Sampling& s = plan.recipe.sampling;
  return {{":id", check.id},
          {":run", check_run_id(plan.run_id, check.execution_id)},
          {":env", check.env},
          {":user", id_or_null<UserId>(check.owner)},
          {":claim", plan.recipe.claim.text},
          {":hash", plan.recipe.claim.hash()},
          {":model", plan.recipe.model},
          {":version", plan.prompt_version},
          {":K", std::int64_t{s.slots}},
          {":R", std::int64_t{s.replicates}},
          {":B", std::int64_t{s.draws}},
          {":seed", seed ? Value(std::bit_cast<std::int64_t>(*seed)) : Value(std::monostate{})}};
}

// `shown`: the execution whose record it shows, which is not known yet of a check that is to be measured.
Query request_row(const NewServedCheck& check, CheckState state, const std::optional<ExecutionId>& shown) {
  return {std::string(kInsertRequest),
          {{":id", check.id},
           {":state", std::string(to_word(state))},
           {":request", check.request},
           {":visitor", id_or_null<VisitorId>(check.owner)},
           {":ledger", value_or_null(check.ledger_id)},
           {":charged", std::string(to_word(check.charged_to))},
           {":execution", shown ? Value(*shown) : Value(std::monostate{})},
           {":result", text_or_null(check.result_key)}},
          Effect::changes};
}

Query first_event(const NewServedCheck& check, CheckState state) {
  return {std::string(kInsertFirstEvent), {{":id", check.id}, {":payload", state_payload(state)}}, Effect::changes};
}

}  // namespace

void ServedChecks::insert(const NewServedCheck& check, const Plan& plan, std::optional<std::uint64_t> seed) {
  Bindings row = row_of(check, plan, seed);
  row.push_back({":T", std::int64_t{plan.templates_selected()}});
  row.push_back({":tokens", std::int64_t{plan.recipe.sampling.max_output_tokens}});
  row.push_back({":longest", std::int64_t{plan.longest_prompt}});
  database_.execute(kInsertCheck, row);
  for (const Query& query :
       {request_row(check, CheckState::queued, std::nullopt), first_event(check, CheckState::queued)})
    database_.change(query.sql, query.bindings);
}

std::vector<Query> ServedChecks::cached_insertions(const NewServedCheck& check, const Plan& plan,
                                                   std::optional<std::uint64_t> seed, const CachedResult& result) {
  Bindings row = row_of(check, plan, seed);
  row.push_back({":of", result.check_id});
  return {{insert_cached_sql(kOneCheck), std::move(row), Effect::changes},
          request_row(check, CheckState::done, result.execution_id),
          first_event(check, CheckState::done)};
}

std::string ServedChecks::insertions_of_found(std::string_view found, std::string_view condition) {
  const std::string which = fmt::format("JOIN {} f ON f.id = o.id WHERE {}", found, condition);
  return fmt::format("copied AS ({}), requested AS ({}), told AS ({})", insert_cached_sql(which),
                     fmt::format(kInsertFoundRequest, found), kInsertFoundEvent);
}

void ServedChecks::bind_insertions(const NewServedCheck& check, const Plan& plan, std::optional<std::uint64_t> seed,
                                   Bindings& bindings) {
  std::ranges::move(row_of(check, plan, seed), std::back_inserter(bindings));
  bindings.push_back({":state", std::string(to_word(CheckState::done))});
  bindings.push_back({":request", check.request});
  bindings.push_back({":visitor", id_or_null<VisitorId>(check.owner)});
  bindings.push_back({":charged", std::string(to_word(check.charged_to))});
  bindings.push_back({":result", text_or_null(check.result_key)});
  bindings.push_back({":payload", state_payload(CheckState::done)});
}

ServedCheck ServedChecks::inserted(const NewServedCheck& check, const Plan& plan, const CachedResult& result,
                                   const Row& times) {
  ServedCheck served{.id = check.id,
                     .run_id = check_run_id(plan.run_id, check.execution_id),
                     .claim = plan.recipe.claim.text,
                     .model = plan.recipe.model,
                     .created_at = times.required_text("created_at"),
                     .finished_at = times.text("finished_at"),
                     .user_id = {},
                     .visitor_id = {},
                     .state = CheckState::done,
                     .request = check.request,
                     .is_mock = plan.recipe.mode.is_mock(),
                     .record = {},
                     .error = {},
                     .charged_to = check.charged_to,
                     .ledger_id = check.ledger_id,
                     .share_id = {},
                     .was_cached = true,
                     .last_event = 1};
  if (const auto* user = std::get_if<UserId>(&check.owner)) served.user_id = *user;
  if (const auto* visitor = std::get_if<VisitorId>(&check.owner)) served.visitor_id = *visitor;
  if (result.belief) served.belief = shown_belief_from(json::parse(*result.belief));
  return served;
}

namespace {

Query only_where(std::string_view condition, Value key) {
  return {fmt::format("SELECT {}, r.record FROM checks c JOIN check_requests q ON q.check_id = c.id {} WHERE {}",
                      kColumns, kWithRecord, condition),
          {{":key", std::move(key)}}};
}

}  // namespace

Query ServedChecks::head_query_for(const CheckId& id) {
  return {fmt::format("SELECT {}, {} FROM checks c JOIN check_requests q ON q.check_id = c.id {} WHERE c.id = :key",
                      kColumns, kBelief, kWithRecord),
          {{":key", id}}};
}

Query ServedChecks::query_for(const CheckId& id) { return only_where("c.id = :key", id); }

std::optional<ServedCheck> ServedChecks::found(const std::vector<Row>& rows) {
  return rows.empty() ? std::nullopt : std::optional(served_from(rows[0]));
}

std::optional<ServedCheck> ServedChecks::find(const CheckId& id) {
  const Query query = query_for(id);
  return found(database_.query(query.sql, query.bindings));
}

std::optional<ServedCheck> ServedChecks::find_shared(const std::string& share_id) {
  const Query query = only_where("q.share_id = :key", share_id);
  return found(database_.query(query.sql, query.bindings));
}

namespace {

// Whose checks, of which model and in which state.
std::string owned_conditions(const CheckOwner& owner, const ListedChecks& wanted, Bindings& bindings) {
  const bool is_user = std::holds_alternative<UserId>(owner);
  std::string sql = is_user ? "c.user_id = :owner" : "q.visitor_id = :owner";
  bindings.push_back({":owner", text_of(owner)});

  if (wanted.model) {
    sql += " AND c.model = :model";
    bindings.push_back({":model", wanted.model->text()});
  }

  if (wanted.state) {
    sql += " AND q.state = :state";
    bindings.push_back({":state", std::string(to_word(*wanted.state))});
  }

  return sql;
}

// Beside these, which claims.
std::string listed_conditions(const CheckOwner& owner, const ListedChecks& wanted, Bindings& bindings) {
  std::string sql = owned_conditions(owner, wanted, bindings);

  // The characters % and _ are wildcards of LIKE; in a search they stand for themselves.
  if (!wanted.search.empty()) {
    const std::string escaped = replaced(replaced(replaced(wanted.search, {"\\", "\\\\"}), {"%", "\\%"}), {"_", "\\_"});
    sql += " AND lower(c.claim) LIKE lower(:search) ESCAPE '\\'";
    bindings.push_back({":search", "%" + escaped + "%"});
  }

  if (wanted.same_claim) {
    sql += " AND c.claim_hash = (SELECT s.claim_hash FROM checks s WHERE s.id = :same)";
    bindings.push_back({":same", wanted.same_claim->text()});
  }

  return sql;
}

// One page, in order: the end of a statement that has a condition already.
std::string page_of(const ListedChecks& wanted, Bindings& bindings, bool is_postgres) {
  const bool is_newest_first = wanted.order == ListOrder::newest;
  std::string sql;

  // Time and id are compared together, so that no check is lost where several have the same time.
  if (wanted.before) {
    sql += fmt::format(" AND (c.created_at, c.id) {} (:time, :before)", is_newest_first ? "<" : ">");

    // The time was written by this program, in UTC. Without an offset Postgres would read it in the session's time
    // zone.
    bindings.push_back({":time", wanted.before->created_at + (is_postgres ? "+00" : "")});
    bindings.push_back({":before", wanted.before->id.text()});
  }

  sql += fmt::format(" ORDER BY c.created_at {0}, c.id {0} LIMIT :most", is_newest_first ? "DESC" : "ASC");
  bindings.push_back({":most", static_cast<std::int64_t>(wanted.most)});
  return sql;
}

}  // namespace

std::vector<ServedCheck> ServedChecks::list(const CheckOwner& owner, const ListedChecks& wanted) {
  Bindings bindings;
  const std::string conditions = listed_conditions(owner, wanted, bindings);
  const std::string page = page_of(wanted, bindings, database_.locks_rows());
  const std::string sql =
      fmt::format("SELECT {}, {} FROM checks c JOIN check_requests q ON q.check_id = c.id {} WHERE {}{}", kColumns,
                  kBelief, kWithRecord, conditions, page);

  std::vector<ServedCheck> checks;
  for (const Row& row : database_.query(sql, bindings)) checks.push_back(served_from(row));
  return checks;
}

namespace {

// A claim stands where its newest check stands. One pass over the owner's checks finds these.
constexpr std::string_view kNewestOfClaims =
    "SELECT c.id, c.claim, c.claim_hash, c.created_at FROM (SELECT c.id, row_number() OVER (PARTITION BY c.claim_hash "
    "ORDER BY c.created_at DESC, c.id DESC) AS place FROM checks c JOIN check_requests q ON q.check_id = c.id WHERE "
    "{}) w JOIN checks c ON c.id = w.id WHERE w.place = 1{}";

// Of these claims, for each model: its newest result, and how many checks there are since when.
constexpr std::string_view kModelsOfClaims =
    "SELECT {}, {}, w.claim_hash, w.of_model, w.since FROM (SELECT c.id AS check_id, c.claim_hash, c.created_at, "
    "row_number() OVER (PARTITION BY c.claim_hash, c.model ORDER BY CASE WHEN q.state = 'done' THEN 0 ELSE 1 END, "
    "c.created_at DESC, c.id DESC) AS place, count(*) OVER (PARTITION BY c.claim_hash, c.model) AS of_model, "
    "min(c.created_at) OVER (PARTITION BY c.claim_hash) AS since, max(c.created_at) OVER (PARTITION BY c.claim_hash, "
    "c.model) AS newest FROM checks c JOIN check_requests q ON q.check_id = c.id WHERE {} AND c.claim_hash IN ({})) w "
    "JOIN checks c ON c.id = w.check_id JOIN check_requests q ON q.check_id = c.id {} WHERE w.place = 1 ORDER BY "
    "w.newest DESC, c.id DESC";

}  // namespace

ClaimPage ServedChecks::list_claims(const CheckOwner& owner, const ListedChecks& wanted) {
  // One more is read than is shown: where it exists, there is a next page.
  ListedChecks read = wanted;
  read.most += 1;
  Bindings bindings;
  const std::string conditions = listed_conditions(owner, read, bindings);
  const std::string one_page = page_of(read, bindings, database_.locks_rows());
  auto newest = database_.query(fmt::format(kNewestOfClaims, conditions, one_page), bindings);

  ClaimPage page;
  if (newest.size() == read.most) {
    newest.pop_back();
    page.next = newest.back().id<CheckId>("id");
  }
  if (newest.empty()) return page;

  std::map<std::string, std::size_t> place_of_hash;
  for (const Row& row : newest) {
    place_of_hash.emplace(row.required_text("claim_hash"), page.claims.size());
    page.claims.push_back({.claim = row.required_text("claim"),
                           .since = row.required_text("created_at"),
                           .newest_at = row.required_text("created_at")});
  }

  Bindings of_models;
  const std::string owned = owned_conditions(owner, wanted, of_models);
  std::vector<std::string> names;  // the bindings refer to them
  names.reserve(place_of_hash.size());
  for (const auto& [hash, place] : place_of_hash) {
    names.push_back(fmt::format(":hash{}", place));
    of_models.push_back({names.back(), hash});
  }

  const std::string sql = fmt::format(kModelsOfClaims, kColumns, kBelief, owned, fmt::join(names, ", "), kWithRecord);
  for (const Row& row : database_.query(sql, of_models)) {
    ClaimChecks& claim = page.claims[place_of_hash.at(row.required_text("claim_hash"))];
    const std::int64_t checks = row.integer("of_model").value_or(0);
    claim.checks += checks;
    claim.since = row.required_text("since");
    claim.models.push_back({.latest = served_from(row), .checks = checks});
  }

  // The last check of a claim may have been removed between the two queries.
  std::erase_if(page.claims, [](const ClaimChecks& claim) { return claim.models.empty(); });
  return page;
}

std::vector<ServedCheck> ServedChecks::all_of_user(const UserId& user_id) {
  std::vector<ServedCheck> checks;
  for (const Row& row : database_.query(
           fmt::format(
               "SELECT {}, r.record FROM checks c JOIN check_requests q ON q.check_id = c.id {} WHERE c.user_id "
               "= :user ORDER BY c.created_at, c.id",
               kColumns, kWithRecord),
           {{":user", user_id}}))
    checks.push_back(served_from(row));
  return checks;
}

std::string ServedChecks::share(const CheckId& id, const std::string& new_share_id) {
  const auto rows = database_.change(kShare, {{":id", id}, {":share", new_share_id}});
  return rows.empty() ? "" : rows[0].required_text("share_id");
}

void ServedChecks::unshare(const CheckId& id) { database_.execute(kUnshare, {{":id", id}}); }

// The record is locked first, so that a transaction that is about to refer to it is waited for, and then seen.
void ServedChecks::keep_record(const ExecutionId& execution_id, const std::string& record) {
  database_.execute("UPDATE check_records SET record = :record WHERE execution_id = :execution",
                    {{":record", record}, {":execution", execution_id}});
}

void ServedChecks::forget_record(const ExecutionId& execution_id) {
  if (database_.query(kLockRecord, {{":execution", execution_id}}).empty()) return;
  database_.execute(kForgetRecord, {{":execution", execution_id}});
}

void ServedChecks::take_over(const VisitorId& visitor_id, const UserId& user_id) {
  database_.execute(kTakeOver, {{":user", user_id}, {":visitor", visitor_id}});
  database_.execute(kForgetVisitor, {{":visitor", visitor_id}});
}

bool ServedChecks::request_cancel(const CheckId& id) { return database_.execute(kRequestCancel, {{":id", id}}) == 1; }

bool ServedChecks::is_cancel_requested(const CheckId& id) {
  return !database_
              .query("SELECT check_id FROM check_requests WHERE check_id = :id AND cancel_requested = 1", {{":id", id}})
              .empty();
}

bool ServedChecks::is_there(const CheckId& id) {
  return !database_.query("SELECT check_id FROM check_requests WHERE check_id = :id", {{":id", id}}).empty();
}

bool ServedChecks::cancel_queued(const CheckId& id) {
  if (database_.execute(kCancelQueued, {{":id", id}}) == 0) return false;
  database_.execute(kFinishRow, {{":id", id}});
  add_event(id, CheckEventKind::state, state_payload(CheckState::cancelled));
  return true;
}

std::optional<RunId> ServedChecks::begin(const CheckId& id, const LeaseToken& lease) {
  if (database_.execute(kBegin, {{":lease", lease}, {":id", id}}) == 0) return std::nullopt;
  add_event(id, CheckEventKind::state, state_payload(CheckState::running));
  return database_.query("SELECT run_id FROM checks WHERE id = :id", {{":id", id}}).at(0).id<RunId>("run_id");
}

bool ServedChecks::owned(std::string_view sql, Bindings bindings, const CheckId& id, const LeaseToken& lease) {
  bindings.push_back({":id", id});
  bindings.push_back({":lease", lease});
  return database_.execute(fmt::format("{}{}", sql, kOwned), bindings) == 1;
}

bool ServedChecks::progress(const CheckId& id, const LeaseToken& lease, const std::string& payload) {
  if (!owned("UPDATE check_requests SET updated_at = now()", {}, id, lease)) return false;
  add_event(id, CheckEventKind::progress, payload);
  return true;
}

bool ServedChecks::finish(const CheckId& id, const LeaseToken& lease, const Record& record, const std::string& env) {
  if (!owned("UPDATE check_requests SET state = 'done', updated_at = now()", {}, id, lease)) return false;
  const ExecutionId& execution = record.execution.execution_id;
  database_.execute(kKeepRecord, {{":execution", execution}, {":record", to_json(record).dump()}});
  database_.execute(kNameRecord, {{":execution", execution}, {":id", id}});

  // The time and the run id that were reported when the check was accepted stay as they were. The model may since have
  // required another way of asking, and so another recipe, but the run id is not changed for it.
  std::string set = "finished_at = now()";
  std::vector<std::string> names;
  Bindings bindings{{":id", id}};
  const std::vector<CheckColumn> columns = check_columns(env, record, "");
  names.reserve(columns.size());
  for (const CheckColumn& column : columns) {
    const std::string_view name = column.name;
    if (name == "created_at" || name == "finished_at" || name == "was_cached" || name == "run_id") continue;
    names.push_back(fmt::format(":{}", name));
    set += fmt::format(", {} = {}", column.sql, names.back());
    bindings.push_back({names.back(), column.value});
  }
  database_.execute(fmt::format("UPDATE checks SET {} WHERE id = :id", set), bindings);
  add_event(id, CheckEventKind::state, state_payload(CheckState::done));
  return true;
}

bool ServedChecks::end(const CheckId& id, const LeaseToken& lease, const std::optional<CheckError>& error) {
  const CheckState state = error ? CheckState::failed : CheckState::cancelled;
  if (!owned("UPDATE check_requests SET state = :state, error_kind = :kind, error = :error",
             {{":state", std::string(to_word(state))},
              {":kind", error ? Value(std::string(to_word(error->kind))) : Value()},
              {":error", error ? Value(error->text) : Value()}},
             id, lease))
    return false;
  database_.execute(kFinishRow, {{":id", id}});
  add_event(id, CheckEventKind::state, json{{"state", to_word(state)}, {"error", error ? error->text : ""}}.dump());
  return true;
}

bool ServedChecks::requeue(const CheckId& id, const LeaseToken& lease, const std::string& why) {
  if (!owned("UPDATE check_requests SET state = 'queued', lease_token = NULL", {}, id, lease)) return false;
  add_event(id, CheckEventKind::state, json{{"state", to_word(CheckState::queued)}, {"why", why}}.dump());
  return true;
}

std::optional<ServedCheck> ServedChecks::take_charge(const CheckId& id) {
  auto check = find(id);
  if (!check || database_.execute(kReturned, {{":id", id}}) == 0) return std::nullopt;
  return check;
}

namespace {

// The texts of a state's event are for people.
std::string payload_of(const Row& row, CheckEventKind kind) {
  std::string payload = row.required_text("payload");
  if (kind != CheckEventKind::state) return payload;

  json told = json::parse(payload);
  for (const char* field : {"error", "why"}) {
    if (told.contains(field)) told[field] = in_web_words(told[field].get<std::string>());
  }
  return told.dump();
}

}  // namespace

std::vector<CheckEvent> ServedChecks::events_after(const CheckId& id, std::int64_t number, std::size_t most) {
  std::vector<CheckEvent> events;
  for (const Row& row :
       database_.query(kEvents, {{":id", id}, {":after", number}, {":most", static_cast<std::int64_t>(most)}})) {
    const CheckEventKind kind = stored_as(row, "check_events", "kind", kCheckEventKindWords);
    events.push_back({row.integer("number").value_or(0), kind, payload_of(row, kind)});
  }
  return events;
}

std::vector<ServedChecks::Changed> ServedChecks::changed_within(double seconds) {
  std::vector<Changed> changed;
  for (const Row& row : database_.query(kChanged, {{":ago", -seconds}}))
    changed.push_back({row.id<CheckId>("check_id"), row.integer("last_event").value_or(0)});
  return changed;
}

}  // namespace heretix
