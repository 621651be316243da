#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ranges>

#include "base/number.hpp"
#include "base/random.hpp"
#include "base/sha256.hpp"
#include "report/finding.hpp"
#include "report/mock_mark.hpp"
#include "service/checks/web_words.hpp"
#include "service/http/address.hpp"
#include "service/privacy/removal.hpp"
#include "service/routes/service_context.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

constexpr std::size_t kMostListed = 200;
constexpr std::int64_t kYear = 31'536'000;

// As the same would be asked for again. A job of an earlier build says the numbers, but not the depth.
json how_asked(const CheckJob& job) {
  const Sampling& sampling = job.request.sampling;
  const std::string usual(kDepthWords.word(sampling.ladder ? Depth::standard : Depth::custom));
  const std::string depth = job.depth.empty() ? usual : job.depth;
  json how = {{"model", job.model}, {"depth", depth}, {"readout", to_word(job.request.readout)}};
  if (depth != kDepthWords.word(Depth::custom)) return how;

  how["K"] = sampling.slots;
  how["R"] = sampling.replicates;
  if (sampling.templates) how["T"] = *sampling.templates;
  return how;
}

// Null for a job that this build cannot read, which is no reason to hide the check.
json how_asked(const ServedCheck& check) {
  try {
    return how_asked(check_job_from(check.request));
  } catch (const Error&) { return nullptr; }
}

json check_json(const ServedCheck& check) {
  json result = nullptr;
  if (check.belief) {
    const json belief = to_json(*check.belief);
    result = {{"p", belief.at("p")}, {"ci95", belief.at("ci")}, {"stable", belief.at("stable")}};
  }
  json error = nullptr;
  if (check.error) error = {{"kind", to_word(check.error->kind)}, {"detail", in_web_words(check.error->text)}};

  return {{"id", check.id},
          {"run_id", check.run_id},
          {"state", to_word(check.state)},
          {"claim", check.claim},
          {"model", check.model},
          {"mock", check.is_mock},
          {"how", how_asked(check)},
          {"created_at", as_rfc3339(check.created_at)},
          {"finished_at", check.finished_at ? json(as_rfc3339(*check.finished_at)) : json(nullptr)},
          {"was_cached", check.was_cached},
          {"cancel_requested", check.cancel_requested},
          {"last_event", check.last_event},
          {"result", result},
          {"error", error}};
}

CheckWish wish_of(const ServiceRequest& request) {
  const Body body(request, {"claim", "model", "depth", "K", "R", "T", "readout", "seed", "fresh", "allow_question"});
  CheckWish wish{.claim = body.text("claim", kMaxClaimBytes)};
  wish.model = body.optional_text("model", 200).value_or(wish.model);
  wish.depth = depth_from(body.optional_text("depth", 20).value_or("standard"));
  wish.slots = body.optional_count("K", kMaxSlots);
  wish.replicates = body.optional_count("R", kMaxReplicates);
  wish.templates = body.optional_count("T", kMaxSlots);
  if (const auto readout = body.optional_text("readout", 20)) wish.readout = readout_from(*readout);
  if (const auto seed = body.optional_integer("seed", 0, std::numeric_limits<std::int64_t>::max()))
    wish.seed = static_cast<std::uint64_t>(*seed);
  wish.fresh = body.truth("fresh");
  wish.allow_question = body.truth("allow_question");
  return wish;
}

}  // namespace

bool may_read(const Call& call, const ServedCheck& check) {
  if (check.user_id) return call.who && call.who->user.id == *check.user_id;
  return check.visitor_id && check.visitor_id == call.visitor_id;
}

// A check that belongs to someone else is reported as not found.
const ServedCheck& readable(const Call& call, const std::optional<ServedCheck>& check) {
  if (!check || !may_read(call, *check)) throw Error(ErrorKind::not_found, "there is no such check");
  return *check;
}

namespace {

IdempotencyKey key_of(const ServiceRequest& request) {
  return {.key = request.header("idempotency-key"), .body_sha256 = sha256_hex(request.body)};
}

ServiceResponse created(Call& call, const Accepted& accepted) {
  const auto check = accepted.check ? accepted.check : ServedChecks(call.database).find(accepted.check_id);
  if (!check) throw Error(ErrorKind::not_found, "the check of this Idempotency-Key was removed");

  ServiceResponse response = json_response(201, check_json(*check));
  response.headers.emplace_back("Location", "/api/checks/" + check->id.text());
  if (accepted.was_replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
  return response;
}

std::optional<ServiceResponse> create_at_once(ServiceContext& service, Call& call) {
  const ServiceRequest& request = call.request;
  Intake intake = service.intake(call.database);
  call.asked = intake.prepare(wish_of(request));
  if (!call.probably) return std::nullopt;

  Sessions sessions(call.database, service.secret());
  std::optional<Query> session;
  if (std::holds_alternative<UserId>(*call.probably))
    session = sessions.query_for(request.cookie(service.cookie_name("heretix")).value_or(""));
  const auto accepted =
      intake.serve_at_once(*call.asked, *call.probably, network_of(request.address), key_of(request), session);
  if (!accepted) return std::nullopt;

  if (accepted->session) sessions.note_if_due(*accepted->session);
  return created(call, *accepted);
}

ServiceResponse create_check(ServiceContext& service, Call& call) {
  // Only the hash of a visitor's cookie is stored; the cookie itself goes to the browser alone.
  std::string new_cookie;
  if (!call.who && !call.visitor_id) {
    new_cookie = to_base64url(random_bytes(32));
    call.visitor_id = VisitorId{service.secret().hash("visitor", new_cookie)};
  }

  const std::string network = network_of(call.request.address);
  const Asker asker = call.who ? Asker{call.who->user, network} : Asker{*call.visitor_id, network};

  const Accepted accepted = service.intake(call.database).accept(*call.asked, asker, key_of(call.request));
  if (!accepted.check) {  // a check from a stored result has no job, and nobody can be watching it yet
    service.parts().wake_worker();
    service.parts().hub.wake();
  }

  ServiceResponse response = created(call, accepted);
  if (!new_cookie.empty())
    response.headers.emplace_back("Set-Cookie", service.set_cookie("heretix-visitor", new_cookie, kYear));
  return response;
}

ServiceResponse quote_check(ServiceContext& service, Call& call) {
  const CheckWish wish = wish_of(call.request);
  const Quote quote = service.intake(call.database).quote(wish);
  return json_response(200, {{"questions", quote.questions},
                             {"most_micro_usd", quote.most ? json(quote.most->micros_above()) : json(nullptr)},
                             {"needs_plan", quote.needs_plan}});
}

// Whose checks the caller sees.
// The value of a parameter that is one of a few words; empty if the request does not name it.
template <class Table>
auto word_of(const ServiceRequest& request, const char* name, const Table& words) {
  const auto word = request.parameter(name);
  const auto value = words.value(word.value_or(""));
  if (word && !value)
    throw Refusal(422, fmt::format("{} must be one of: {}", name, fmt::join(words.all() | std::views::values, ", ")));
  return value;
}

// The check must be one that the caller may read, so it reveals nothing about the checks of others.
std::optional<ServedCheck> check_named_by(Call& call, const char* name) {
  const auto id = call.request.parameter(name);
  if (!id) return std::nullopt;
  if (!is_uuid(*id)) throw Refusal(422, fmt::format("{} must be the id of a check", name));
  auto check = ServedChecks::found(call.database.query_all({ServedChecks::head_query_for(CheckId{*id})}).front());
  if (!check || !may_read(call, *check))
    throw Error(ErrorKind::not_found, fmt::format("{} is not the id of one of your checks", name));
  return check;
}

// What both lists take.
ListedChecks listed_by(Call& call) {
  const ServiceRequest& request = call.request;
  ListedChecks wanted;
  wanted.search = request.parameter("search").value_or("").substr(0, 1000);
  if (const auto model = request.parameter("model"); model && !model->empty()) wanted.model = ModelName(*model);
  wanted.state = word_of(request, "state", kCheckStateWords);
  wanted.order = word_of(request, "sort", kListOrderWords).value_or(wanted.order);

  const auto limit = request.parameter("limit");
  const auto most = limit ? whole_number(*limit) : std::optional<std::int64_t>(50);
  if (!most || *most < 1 || *most > static_cast<std::int64_t>(kMostListed))
    throw Refusal(422, fmt::format("limit must be a whole number from 1 to {}", kMostListed));
  wanted.most = static_cast<std::size_t>(*most);

  if (const auto last = check_named_by(call, "before")) wanted.before = ListPlace{last->created_at, last->id};
  return wanted;
}

ServiceResponse list_checks(ServiceContext& service, Call& call) {
  ListedChecks wanted = listed_by(call);
  if (const auto one = check_named_by(call, "same_claim_as")) wanted.same_claim = one->id;

  // One more is read than is shown: where it exists, there is a next page.
  wanted.most += 1;

  // A caller with neither an account nor a visitor's cookie has no checks.
  std::vector<ServedCheck> found;
  if (const auto owner = owner_of(call)) found = ServedChecks(call.database).list(*owner, wanted);
  const bool has_more = found.size() == wanted.most;
  if (has_more) found.pop_back();

  json checks = json::array();
  for (ServedCheck& check : found) {
    add_belief(service, call.database, check);
    checks.push_back(check_json(check));
  }
  return json_response(200, {{"checks", checks}, {"next", has_more ? json(found.back().id) : json(nullptr)}});
}

json claim_json(ServiceContext& service, Call& call, ClaimChecks& claim) {
  json models = json::array();
  for (ModelChecks& model : claim.models) {
    add_belief(service, call.database, model.latest);
    models.push_back({{"checks", model.checks}, {"latest", check_json(model.latest)}});
  }
  return {{"claim", claim.claim},
          {"checks", claim.checks},
          {"since", as_rfc3339(claim.since)},
          {"newest_at", as_rfc3339(claim.newest_at)},
          {"models", models}};
}

ServiceResponse list_claims(ServiceContext& service, Call& call) {
  const ListedChecks wanted = listed_by(call);
  ClaimPage page;
  if (const auto owner = owner_of(call)) page = ServedChecks(call.database).list_claims(*owner, wanted);

  json claims = json::array();
  for (ClaimChecks& claim : page.claims) claims.push_back(claim_json(service, call, claim));
  return json_response(200, {{"claims", claims}, {"next", page.next ? json(*page.next) : json(nullptr)}});
}

}  // namespace

std::optional<CheckOwner> owner_of(const Call& call) {
  if (call.who) return call.who->user.id;
  return call.visitor_id;
}

// The record is sent as it is stored, without parsing it again.
ServiceResponse check_response(const ServedCheck& check) {
  std::string body = check_json(check).dump(-1, ' ', false, json::error_handler_t::replace);
  body.back() = ',';
  const json share = check.share_id ? json(*check.share_id) : json(nullptr);
  const json finding = check.belief ? json(finding_of(shown_model(check.model, check.is_mock), *check.belief)) : json();
  body += "\"share\":" + share.dump() + ",\"finding\":" + finding.dump(-1, ' ', false, json::error_handler_t::replace) +
          ",\"record\":" + check.record.value_or("null") + "}";
  return {.status = 200, .body = std::move(body), .headers = {{"Cache-Control", "no-store"}}};
}

namespace {

ServiceResponse get_check(ServiceContext& service, Call& call) {
  if (readable_check(call).belief) return check_response(readable_check(call));
  ServedCheck check = readable_check(call);
  add_belief(service, call.database, check);
  return check_response(check);
}

ServiceResponse delete_check(ServiceContext& service, Call& call) {
  const ServedCheck& check = readable_check(call);
  std::optional<std::vector<ExecutionId>> executions;
  in_transaction(call.database,
                 [&] { executions = Removal(call.database, service.secret()).remove_ended_check(check.id); },
                 {.isolation = Isolation::beside_others});
  if (!executions) throw Error(ErrorKind::conflict, "the check is still under way", "cancel it first");
  forget_measured(service, call.database, {.executions = *executions});
  return {.status = 204};
}

ServiceResponse cancel_check(ServiceContext& service, Call& call) {
  const ServedCheck& check = readable_check(call);
  if (!service.intake(call.database).cancel(check)) throw Error(ErrorKind::conflict, "the check has already ended");
  service.parts().hub.wake();
  return json_response(202, check_json(*ServedChecks(call.database).find(check.id)));
}

ServiceResponse check_events(ServiceContext& /*service*/, Call& call) {
  const ServedCheck& check = readable_check(call);
  const std::string given = call.request.header("last-event-id");
  const auto last = whole_number(given);
  const bool is_known = given.empty() || (last && *last >= 0 && *last <= check.last_event);
  const std::int64_t after = is_known ? last.value_or(0) : 0;
  // A 204 makes the EventSource of a browser stop asking.
  if (check.has_ended() && after >= check.last_event) return {.status = 204};
  ServiceResponse response;
  response.stream = EventStream{check.id.text(), after, !is_known, {}};
  if (call.who) response.stream->user_id = call.who->user.id;
  return response;
}

}  // namespace

json models_json(const ServiceContext& service) {
  json models = json::array();
  for (const OfferedModel& model : service.parts().models) {
    const bool is_free = model.facts.price && model.facts.price->is_free();
    const Readout natural = natural_readout(model);
    json readouts = json::array({to_word(natural)});
    for (const Readout readout : kReadouts) {
      if (model.allows(readout) && readout != natural) readouts.push_back(to_word(readout));
    }
    models.push_back({{"name", model.name},
                      {"provider", model.facts.provider},
                      {"model", model.facts.model},
                      {"is_free", is_free},
                      {"cost_note", in_web_words(model.facts.cost_note)},
                      {"mock", model.facts.mode.is_mock()},
                      {"readouts", readouts}});
  }
  return models;
}

namespace {

ServiceResponse list_models(ServiceContext& service, Call& /*call*/) {
  return json_response(200, {{"models", models_json(service)}});
}

}  // namespace

std::span<const Route> check_routes() {
  static constexpr std::array kRoutes = {
      Route{{"GET", "/api/models"}, Audience::everybody, &list_models},
      Route{{"POST", "/api/quotes"}, Audience::everybody, &quote_check},
      Route{{"POST", "/api/checks"}, Audience::everybody, &create_check, nullptr, &create_at_once},
      Route{{"GET", "/api/checks"}, Audience::everybody, &list_checks},
      Route{{"GET", "/api/claims"}, Audience::everybody, &list_claims},
      Route{{"GET", "/api/checks/{id}"}, Audience::everybody, &get_check},
      Route{{"DELETE", "/api/checks/{id}"}, Audience::everybody, &delete_check},
      Route{{"POST", "/api/checks/{id}/cancel"}, Audience::everybody, &cancel_check},
      Route{{"GET", "/api/checks/{id}/events"}, Audience::everybody, &check_events}};
  return kRoutes;
}

}  // namespace heretix::http
