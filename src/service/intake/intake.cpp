#include "service/intake/intake.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/money.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "belief/plan/limits.hpp"
#include "belief/plan/outline.hpp"
#include "belief/readout/parts.hpp"
#include "belief/stats/ladder.hpp"
#include "measure/check_row.hpp"
#include "service/checks/job_trace.hpp"
#include "service/queue/queue.hpp"

namespace heretix {
namespace {

constexpr int kDeepReplicates = 3;
constexpr std::size_t kMostStandardQuestions = 16;
constexpr std::int64_t kMostQuestions = 1024;  // of one check in the service
constexpr std::size_t kLongestKey = 128;
constexpr std::chrono::hours kCachedWindow{1};
// The queue takes the job first whose time came first. So a check that somebody waits for is measured before those of
// sets that were made earlier.
constexpr auto kAheadOfSets = -std::chrono::days(365);

constexpr std::string_view kFindKey =
    "SELECT body_sha256, response FROM idempotency_keys WHERE owner = :key_owner AND idempotency_key = "
    ":idempotency_key";
constexpr std::string_view kKeepKeyOfFound =
    "INSERT INTO idempotency_keys (owner, idempotency_key, body_sha256, status, response, created_at) SELECT "
    ":key_owner, "
    ":idempotency_key, :body, 201, :response, now() FROM ready ON CONFLICT (owner, idempotency_key) DO NOTHING "
    "RETURNING "
    "owner";
constexpr std::string_view kKeepKey =
    "INSERT INTO idempotency_keys (owner, idempotency_key, body_sha256, status, response, created_at) VALUES "
    "(:key_owner, :idempotency_key, :body, 201, :response, now()) ON CONFLICT (owner, idempotency_key) DO NOTHING "
    "RETURNING owner";

void require_valid(const IdempotencyKey& idempotency) {
  const std::string& key = idempotency.key;
  if (key.size() > kLongestKey || first_invalid_utf8(key) ||
      std::ranges::any_of(key, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    throw Error(ErrorKind::bad_input,
                "the Idempotency-Key has more than 128 characters, or contains control characters",
                "use a random UUID, for example");
}

std::string lock_of(const CheckOwner& owner, const IdempotencyKey& idempotency) {
  return "idempotency " + text_of(owner) + " " + idempotency.key;
}

Error key_under_way() {
  return {ErrorKind::conflict, "the first request with this Idempotency-Key is still under way", "try again shortly"};
}

// It finds no row if the key is known already.
Query keep_key(const CheckOwner& owner, const IdempotencyKey& idempotency, const std::string& made) {
  return {std::string(kKeepKey),
          {{":key_owner", text_of(owner)},
           {":idempotency_key", idempotency.key},
           {":body", idempotency.body_sha256},
           {":response", made}},
          Effect::changes};
}

[[noreturn]] void require_signin(const std::string& what) {
  throw NotGranted(NotGrantedReason::require_signin, what, "sign in; the trial has three checks");
}

// An answer that is read off the model has no noise that replicates would average out, so R must be 1 for it.
Sampling sampling_of(const CheckWish& wish, Readout readout) {
  const bool is_read_off = readout != Readout::verbalized;
  if (is_read_off && wish.replicates.value_or(1) != 1)
    throw Error(ErrorKind::bad_input,
                fmt::format("R is {}; an answer read off the model has no noise that replicates would average out",
                            *wish.replicates),
                "leave R out");

  Sampling sampling;
  const bool names_plan = wish.slots || wish.replicates || wish.templates;
  if (names_plan && wish.depth != Depth::custom)
    throw Error(ErrorKind::bad_input, "K, R and T belong to the depth custom", "leave them out, or ask for custom");

  switch (wish.depth) {
    case Depth::quick: sampling.replicates = 1; break;
    case Depth::standard:
      sampling.ladder = Ladder{{kLadderRungs.begin(), kLadderRungs.end()}, kDefaultTarget};
      sampling.slots = kLadderRungs.back();
      sampling.replicates = 1;
      break;
    case Depth::deep:
      sampling.slots = kLadderRungs.back();
      sampling.replicates = is_read_off ? 1 : kDeepReplicates;
      break;
    case Depth::custom:
      sampling.slots = wish.slots.value_or(sampling.slots);
      sampling.replicates = wish.replicates.value_or(is_read_off ? 1 : sampling.replicates);
      sampling.templates = wish.templates;
      break;
  }

  return sampling;
}

// Counts every question twice, because an unusable answer is asked again once. All questions of a template cost the
// same.
std::optional<Usd> most_cost(const Plan& plan, const PromptBank& bank, const ProviderFacts& facts) {
  if (!facts.price) return std::nullopt;
  const Sampling& sampling = plan.recipe.sampling;
  Usd most;
  for (std::size_t i = 0; i < plan.template_order.size(); ++i) {
    const int times = plan.planned_counts[i] * sampling.replicates * most_parts(plan.recipe) * 2;
    if (times == 0) continue;
    Question question;
    const auto place = static_cast<std::size_t>(plan.template_order[i]);
    question.user_text = bank.user_text(place, plan.recipe.claim.text);
    const std::string negated = bank.states() ? bank.negated_text(place, plan.recipe.claim.text) : std::string();
    if (negated.size() > question.user_text.size()) question.user_text = negated;  // the dearer of the two sides
    most += most_cost_of(*facts.price, plan, question) * times;
  }
  return most;
}

// Deep checks are for people with a plan that allows them. The numbers alone decide, before anything is planned; a
// ladder counts with its last rung, the most that it can ask.
bool needs_plan(const Sampling& sampling) {
  const auto questions = std::int64_t{sampling.slots} * sampling.replicates;
  return questions > std::int64_t{kMostStandardQuestions};
}

std::string bank_for(const OfferedModel& model, Readout readout, const IntakeRules& rules) {
  return model.is_embedded && asks_for_a_word(readout) ? rules.embedded_word_bank : rules.bank;
}

}  // namespace

Readout natural_readout(const OfferedModel& model, std::optional<int> replicates) {
  const bool only_states = !model.allows(Readout::verbalized) && model.allows(Readout::decision);
  if (only_states) return Readout::decision;
  return model.is_embedded && replicates.value_or(1) == 1 ? Readout::token : Readout::verbalized;
}

CheckOwner Asker::owner() const {
  if (const User* signed_in = user()) return signed_in->id;
  return std::get<VisitorId>(who);
}

Depth depth_from(const std::string& word) {
  if (const auto depth = kDepthWords.value(word)) return *depth;
  throw Error(ErrorKind::bad_input, fmt::format("depth is '{}'", on_one_line(shortened(word, 40))),
              "it must be quick, standard, deep or custom");
}

const OfferedModel& Intake::offered(const std::string& name) const {
  const auto model = std::ranges::find(models_, name, &OfferedModel::name);
  if (model != models_.end()) return *model;
  std::vector<std::string> names;
  for (const OfferedModel& one : models_) names.push_back(one.name);
  throw Error(ErrorKind::bad_input, fmt::format("there is no model '{}'", on_one_line(shortened(name, 64))),
              fmt::format("one of: {}", fmt::join(names, ", ")));
}

PreparedCheck Intake::prepare(const CheckWish& wish) const {
  require_statement(wish.claim, wish.allow_question, "\"allow_question\": true measures it as it is");

  const OfferedModel& model = offered(wish.model);
  const Readout readout = wish.readout.value_or(natural_readout(model, wish.replicates));

  // A request that is too large is refused before a bank is read or a plan is made.
  CheckRequest request{
      .claim = wish.claim, .bank = bank_for(model, readout, rules_), .sampling = sampling_of(wish, readout)};
  request.readout = readout;
  request.seed = wish.seed;
  request.fresh = wish.fresh;
  require_measurable(request.sampling, request.readout, request.samples, kMostQuestions);

  if (!model.allows(readout))
    throw Error(ErrorKind::bad_input,
                fmt::format("{} cannot be read by {}: {}", wish.model, to_word(readout), model.unreadable.at(readout)),
                "leave readout out, or choose another model");

  PreparedCheck prepared{.model = &model,
                         .bank = banks_.get(request),
                         .job = {.model = wish.model, .request = std::move(request)},
                         .execution_id = new_execution_id(),
                         .plan = {},
                         .payload = {}};
  CheckJob& job = prepared.job;
  prepared.plan = outline_check(job.request, prepared.bank->bank, model.facts, prepared.execution_id);
  require_fits_check(prepared.plan);

  const std::string& bank_content = prepared.bank->content_sha256;
  if (!wish.fresh) {
    job.result_key = result_key(job.request, prepared.plan, bank_content);
    prepared.search = ResultSearch{job.result_key, prepared.plan.recipe.claim.hash(), rules_.cache_life};
  }
  job.depth = kDepthWords.word(wish.depth);
  job.most_micro_usd = rules_.most_per_check.micros();
  prepared.payload = to_json_text(job, prepared.plan, bank_content);
  return prepared;
}

Quote Intake::quote_of(const PreparedCheck& prepared) const {
  const auto parts = static_cast<std::size_t>(most_parts(prepared.plan.recipe));
  return {.questions = questions_planned(prepared.plan) * parts,
          .most = most_cost(prepared.plan, prepared.bank->bank, prepared.model->facts),
          .needs_plan = needs_plan(prepared.job.request.sampling)};
}

Quote Intake::quote(const CheckWish& wish) const { return quote_of(prepare(wish)); }

void Intake::require_granted(const PreparedCheck& prepared, const Asker& asker) {
  const Quote quote = quote_of(prepared);
  if (quote.most && *quote.most > rules_.most_per_check)
    throw Error(ErrorKind::bad_input,
                fmt::format("the check can cost {}; the limit here is {}", to_text(*quote.most),
                            to_text(rules_.most_per_check)),
                "choose a cheaper model or a lower depth");
  if (!quote.most)
    throw Error(ErrorKind::bad_input, fmt::format("no price is known for {}", prepared.job.model),
                "choose another model");
  if (!quote.needs_plan) return;
  const User* user = asker.user();
  if (user == nullptr) require_signin("this depth needs a plan");
  if (!service_plan(Ledger(database_).usage_of(*user).plan).goes_deep)
    throw NotGranted(NotGrantedReason::require_subscription, "the trial goes no deeper than standard",
                     "choose a plan for more");
}

std::optional<std::string> Intake::replayed(const CheckOwner& owner, const IdempotencyKey& idempotency) {
  if (idempotency.key.empty()) return std::nullopt;
  require_valid(idempotency);
  if (!database_.try_lock(lock_of(owner, idempotency))) throw key_under_way();
  const auto rows = database_.query(kFindKey, {{":key_owner", text_of(owner)}, {":idempotency_key", idempotency.key}});
  if (rows.empty()) return std::nullopt;
  if (rows[0].required_text("body_sha256") != idempotency.body_sha256)
    throw Error(ErrorKind::bad_input, "this Idempotency-Key was used before with another body", "use a new key");
  return rows[0].required_text("response");
}

void Intake::remember(const CheckOwner& owner, const IdempotencyKey& idempotency, const std::string& made) {
  if (idempotency.key.empty()) return;
  const Query key = keep_key(owner, idempotency, made);
  if (database_.change(key.sql, key.bindings).empty())
    throw TransactionLost(ErrorKind::conflict, "the Idempotency-Key was used meanwhile");
}

// Every answer from a stored result is a row that is kept for months, so their number is limited.
std::array<WindowCount, 2> Intake::counts_of(const CheckOwner& asker, const std::string& network) const {
  const bool is_user = std::holds_alternative<UserId>(asker);
  const std::string own = secret_.hash("rate", text_of(asker));
  return {is_user ? WindowCount{"cached.user", own, {rules_.cached_per_user, kCachedWindow}}
                  : WindowCount{"cached.visitor", own, {rules_.cached_per_visitor, kCachedWindow}},
          WindowCount{"cached.network", secret_.hash("network", network), {rules_.cached_per_network, kCachedWindow}}};
}

// For the count at that place of counts_of() that found no room.
Error Intake::over_limit(const Asker& asker, std::size_t count) const {
  const bool is_user = asker.user() != nullptr;
  const std::string who = count == 1 ? "this network" : is_user ? "this account" : "this browser";
  const std::int64_t own = is_user ? rules_.cached_per_user : rules_.cached_per_visitor;
  return {ErrorKind::too_many,
          fmt::format("{} had {} checks from stored results within an hour, and that is the limit", who,
                      count == 1 ? rules_.cached_per_network : own),
          "open the earlier checks in the history, or try again in an hour"};
}

NewServedCheck Intake::new_check(const PreparedCheck& prepared, const CheckOwner& owner) const {
  return {.id = CheckId{new_uuid()},
          .execution_id = prepared.execution_id,
          .env = rules_.env,
          .owner = owner,
          .request = prepared.payload,
          .result_key = prepared.job.result_key};
}

namespace {

// Everything that serves a stored result, in one statement of Postgres, whose parts hand their rows on. What it needs
// is looked at first, so that where something is missing nothing is written: who asks, the result, room in both limits,
// and a key that is new. If one of these is lost in the meantime, the division at the end fails and undoes everything.
std::string serving_sql(const std::optional<Query>& session, const Query& stored, bool has_key) {
  std::string sql = "WITH ";
  if (session) sql += fmt::format("who AS (SELECT session_id, is_due FROM ({}) w WHERE w.id = :asker), ", session->sql);
  sql += fmt::format("stored AS ({}), ready AS (SELECT s.id, s.execution_id FROM stored s{} WHERE {}", stored.sql,
                     session ? ", who" : "", both_have_room_sql());
  if (has_key)
    sql += fmt::format(" AND pg_try_advisory_xact_lock(hashtextextended(:lock, 0)) AND NOT EXISTS ({})", kFindKey);
  sql += "), ";
  if (has_key) sql += fmt::format("keyed AS ({}), ", kKeepKeyOfFound);
  sql += fmt::format("counted AS ({}), ", count_in_both_sql(has_key ? "keyed" : "ready"));
  sql += ServedChecks::insertions_of_found("ready", "(SELECT count(*) FROM counted) = 2");
  sql += fmt::format(
      " SELECT {}stored.id, stored.execution_id, stored.beginning, copied.created_at, copied.finished_at, 1 / (SELECT "
      "count(*) FROM told) AS was_told FROM stored JOIN ready ON true LEFT JOIN copied ON true{}",
      session ? "who.session_id, who.is_due, " : "", session ? ", who" : "");
  return sql;
}

void append(Bindings& bindings, const Bindings& more) { bindings.insert(bindings.end(), more.begin(), more.end()); }

}  // namespace

std::optional<Accepted> Intake::serve_at_once(const PreparedCheck& prepared, const CheckOwner& asker,
                                              const std::string& network, const IdempotencyKey& idempotency,
                                              const std::optional<Query>& session) {
  if (!prepared.search || !database_.locks_rows()) return std::nullopt;

  const NewServedCheck check = new_check(prepared, asker);
  const Query stored = ResultCache::query_for(*prepared.search, asker);
  const auto [own, shared] = counts_of(asker, network);
  Bindings bindings;
  if (session) {
    append(bindings, session->bindings);
    bindings.push_back({":asker", text_of(asker)});
  }
  append(bindings, stored.bindings);
  bind_both(own, shared, bindings);
  ServedChecks::bind_insertions(check, prepared.plan, prepared.job.request.seed, bindings);
  if (!idempotency.key.empty()) {
    require_valid(idempotency);
    append(bindings, keep_key(asker, idempotency, check.id.text()).bindings);
    bindings.push_back({":lock", lock_of(asker, idempotency)});
  }

  try {
    const auto rows = database_.change(serving_sql(session, stored, !idempotency.key.empty()), bindings);
    if (rows.empty()) return std::nullopt;
    const auto found = ResultCache(database_).found(rows);
    return Accepted{.check_id = check.id,
                    .check = ServedChecks::inserted(check, prepared.plan, *found, rows[0]),
                    .session = session ? std::optional(rows[0]) : std::nullopt};
  } catch (const TransactionLost&) { return std::nullopt; } catch (const Error& e) {
    // The division, or the record was removed meanwhile.
    if (e.kind() == ErrorKind::bad_input || e.kind() == ErrorKind::conflict) return std::nullopt;
    if (e.kind() != ErrorKind::in_doubt) throw;
    // If it is done after all, a second one costs nothing.
    if (!ServedChecks(database_).is_there(check.id)) return std::nullopt;
    return Accepted{.check_id = check.id};
  }
}

std::optional<Accepted> Intake::from_cache(const PreparedCheck& prepared, const Asker& asker,
                                           const NewServedCheck& check) {
  if (!prepared.search) return std::nullopt;
  const auto cached = ResultCache(database_).find(*prepared.search, check.owner);
  if (!cached) return std::nullopt;

  // The check is counted and written in one round trip; if that passes a limit, the transaction is rolled back.
  std::vector<Query> queries;
  for (const WindowCount& count : counts_of(check.owner, asker.network)) queries.push_back(query_for(count));
  const std::size_t counts = queries.size();
  std::ranges::move(ServedChecks::cached_insertions(check, prepared.plan, prepared.job.request.seed, *cached),
                    std::back_inserter(queries));
  try {
    const auto done = database_.query_all(queries);
    for (std::size_t i = 0; i < counts; ++i) {
      if (!was_counted(done[i])) throw over_limit(asker, i);
    }
    const auto rows = std::span(done).subspan(counts);
    if (rows[0].empty()) throw Error(ErrorKind::conflict, "the check with the stored result was removed");
    return Accepted{.check_id = check.id,
                    .check = ServedChecks::inserted(check, prepared.plan, *cached, rows[0].at(0))};
  } catch (const Error& e) {
    // The last check that showed the record was removed after it was found, so the transaction begins anew.
    if (e.kind() != ErrorKind::conflict) throw;
    throw TransactionLost(ErrorKind::conflict, e.what(), e.hint());
  }
}

void Intake::charge_visitor(const PreparedCheck& prepared, const VisitorId& visitor, const std::string& network) {
  Ledger ledger(database_);
  const bool has_room = count_event(database_, "anonymous.network", secret_.hash("network", network),
                                    {{rules_.anonymous_per_network_and_day, std::chrono::hours(24)}});
  if (!ledger.charge_visitor(visitor)) require_signin("the check without an account has been used");
  if (!has_room) require_signin("this network has used its checks without an account for today");
  if (!ledger.reserve_spending("anonymous", quote_of(prepared).most.value_or(Usd()), rules_.anonymous_per_day))
    require_signin("the checks without an account are used up for today");
}

void Intake::charge(const PreparedCheck& prepared, const Asker& asker, NewServedCheck& check) {
  if (const auto* visitor = std::get_if<VisitorId>(&asker.who)) {
    charge_visitor(prepared, *visitor, asker.network);
    check.charged_to = ChargedTo::visitor;
    return;
  }
  check.ledger_id = charge_user(std::get<User>(asker.who), 1);
  check.charged_to = ChargedTo::user;
}

std::string Intake::charge_user(const User& asker, std::int64_t checks) {
  Ledger ledger(database_);
  const auto user = Users(database_).lock(asker.id);  // so that the plan cannot change meanwhile
  if (!user) throw Error(ErrorKind::not_allowed, "the account is closed", "sign in again");
  if (const auto row = ledger.charge(*user, checks)) return *row;

  const bool is_trial = service_plan(user->plan).per == Per::ever;
  const CheckUsage usage = ledger.usage_of(*user);
  std::string what = is_trial ? "the trial's checks are used up" : "this month's checks are used up";
  if (checks > 1)
    what = fmt::format("{} checks are needed, and {} of {} are left {}", checks, usage.allowed - usage.used,
                       usage.allowed, is_trial ? "in the trial" : "this month");
  if (is_trial) throw NotGranted(NotGrantedReason::require_subscription, what, "choose a plan");
  throw NotGranted(NotGrantedReason::limit_reached, what,
                   fmt::format("wait until after {}, or choose a larger plan", usage.period.last_day));
}

namespace {

void enqueue_check(Database& database, const PreparedCheck& prepared, const NewServedCheck& check,
                   std::chrono::seconds delay) {
  ServedChecks(database).insert(check, prepared.plan, prepared.job.request.seed);
  Queue(database).enqueue({.kind = kCheckJob,
                           .unique_key = check.id.text(),
                           .payload = with_current_trace(prepared.payload),
                           .delay = delay});
}

}  // namespace

void Intake::enqueue(const PreparedCheck& prepared, const NewServedCheck& check) {
  enqueue_check(database_, prepared, check, std::chrono::seconds(0));
}

Accepted Intake::accept(const PreparedCheck& prepared, const Asker& asker, const IdempotencyKey& idempotency) {
  Accepted accepted;
  in_transaction(database_,
                 [&] {
                   if (const auto known = replayed(asker.owner(), idempotency)) {
                     accepted = Accepted{.check_id = CheckId{*known}, .was_replayed = true};
                     return;
                   }

                   NewServedCheck check = new_check(prepared, asker.owner());

                   // A stored result costs nothing, so only a new measurement is granted and charged.
                   accepted = Accepted{.check_id = check.id};
                   if (auto cached = from_cache(prepared, asker, check)) {
                     accepted = std::move(*cached);
                   } else {
                     require_granted(prepared, asker);
                     charge(prepared, asker, check);
                     enqueue_check(database_, prepared, check, kAheadOfSets);
                   }

                   remember(check.owner, idempotency, check.id.text());
                 },
                 {.isolation = Isolation::beside_others});

  return accepted;
}

bool Intake::cancel(const ServedCheck& check) {
  bool done = false;
  in_transaction(database_, [&] { done = cancel_within(check.id); }, {.isolation = Isolation::beside_others});
  return done;
}

bool Intake::cancel_within(const CheckId& check_id) {
  ServedChecks checks(database_);
  if (!Queue(database_).cancel(kCheckJob, check_id.text()) || !checks.cancel_queued(check_id))
    return checks.request_cancel(check_id);
  give_back(database_, check_id);
  return true;
}

void give_back(Database& database, const CheckId& check_id) {
  const auto check = ServedChecks(database).take_charge(check_id);
  if (!check) return;
  Ledger ledger(database);
  if (check->charged_to == ChargedTo::user && check->ledger_id) ledger.give_back(*check->ledger_id);
  // A visitor who has signed in since is no longer named by the check, and gets nothing back.
  if (check->charged_to == ChargedTo::visitor && check->visitor_id) ledger.give_back_to_visitor(*check->visitor_id);
}

}  // namespace heretix
