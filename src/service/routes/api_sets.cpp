#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/number.hpp"
#include "base/random.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "service/checks/web_words.hpp"
#include "service/http/address.hpp"
#include "service/privacy/removal.hpp"
#include "service/routes/service_context.hpp"
#include "service/routes/set_download.hpp"
#include "service/routes/set_summary.hpp"
#include "service/sets/set_intake.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestName = 200;  // bytes
constexpr std::size_t kLongestColumn = 1000;
constexpr std::size_t kMostSample = 5;  // lines that a quote shows
constexpr std::size_t kMostTold = 100;  // lines of a kind that a quote names
constexpr std::size_t kMostSetsListed = 200;
// Executions that are forgotten before the response; the jobs that stand for the others follow within a minute or two.
constexpr std::size_t kMostForgotten = 200;

// A set as it is uploaded, and how it is to be asked.
struct Upload {
  SetFile file;
  SetWish wish;
};

SetWish wish_of(const Body& body) {
  SetWish wish{.name = body.optional_text("name", kLongestName).value_or(""),
               .models = body.texts("models", kMostSetModels, 200),
               .each = {}};
  wish.each.depth = depth_from(body.optional_text("depth", 20).value_or("standard"));
  wish.each.slots = body.optional_count("K", kMaxSlots);
  wish.each.replicates = body.optional_count("R", kMaxReplicates);
  wish.each.templates = body.optional_count("T", kMaxSlots);
  if (const auto readout = body.optional_text("readout", 20)) wish.each.readout = readout_from(*readout);
  wish.each.fresh = body.truth("fresh");
  if (const auto word = body.optional_text("questions", 20)) {
    wish.questions = kQuestionsWords.value(*word);
    if (!wish.questions) throw Refusal(422, "questions must be leave_out or ask");
  }
  const bool has_control = std::ranges::any_of(wish.name, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (has_control) throw Refusal(422, "name contains control characters");
  return wish;
}

Upload upload_of(const ServiceRequest& request) {
  const Body body(request, {"text", "format", "claim_column", "tags_column", "truth_column", "name", "models", "depth",
                            "K", "R", "T", "readout", "fresh", "questions"});
  std::optional<SetFormat> format;
  if (const auto word = body.optional_text("format", 20)) {
    format = kSetFormatWords.value(*word);
    if (!format) throw Refusal(422, "format must be csv, jsonl or lines");
  }
  Upload upload{.file = {}, .wish = wish_of(body)};
  upload.file = read_set(body.text("text", kMostSetBytes), format,
                         {.claim = body.optional_text("claim_column", kLongestColumn),
                          .tags = body.optional_text("tags_column", kLongestColumn),
                          .truth = body.optional_text("truth_column", kLongestColumn)});
  return upload;
}

json null_or(const std::optional<bool>& value) { return value ? json(*value) : json(nullptr); }

template <class T>
json or_null_if_empty(const std::optional<T>& text) {
  return text && !text->empty() ? json(*text) : json(nullptr);
}

// "line" and what is told of it, of the first few.
json told_lines(const std::vector<RefusedSetLine>& refused) {
  json told = json::array();
  for (const RefusedSetLine& one : refused) {
    if (told.size() == kMostTold) break;
    told.push_back({{"line", one.line}, {"why", in_web_words(one.why)}});
  }
  return told;
}

json questions_json(const SetFile& file) {
  json told = json::array();
  for (const SetLine& line : file.lines) {
    if (line.is_question && told.size() < kMostTold) told.push_back({{"line", line.line}, {"claim", line.claim}});
  }
  return told;
}

json sample_json(const SetFile& file) {
  json sample = json::array();
  for (const SetLine& line : file.lines) {
    if (sample.size() == kMostSample) break;
    sample.push_back({{"line", line.line}, {"claim", line.claim}, {"tags", line.tags}, {"truth", null_or(line.truth)}});
  }
  return sample;
}

json quote_json(const ModelQuote& quote) {
  return {{"model", quote.model},
          {"questions", quote.questions},
          {"most_micro_usd", quote.most ? json(quote.most->micros_above()) : json(nullptr)},
          {"stored", quote.stored},
          {"seconds_a_check", quote.seconds ? json(*quote.seconds) : json(nullptr)}};
}

ServiceResponse quote_set(ServiceContext& service, Call& call) {
  const Upload upload = upload_of(call.request);
  const SetFile& file = upload.file;
  Intake intake = service.intake(call.database);
  const SetQuote quote = SetIntake(call.database, intake, service.secret()).quote(file, upload.wish, call.who->user);

  std::vector<RefusedSetLine> refused = file.refused;
  refused.insert(refused.end(), quote.refused.begin(), quote.refused.end());
  std::ranges::stable_sort(refused, {}, &RefusedSetLine::line);

  json models = json::array();
  for (const ModelQuote& one : quote.models) models.push_back(quote_json(one));
  const CheckUsage usage = Ledger(call.database).usage_of(call.who->user);
  return json_response(200, {{"format", to_word(file.format)},
                             {"columns", file.columns},
                             {"claim_column", or_null_if_empty(file.chosen.claim)},
                             {"tags_column", or_null_if_empty(file.chosen.tags)},
                             {"truth_column", or_null_if_empty(file.chosen.truth)},
                             {"claims", file.lines.size()},
                             {"sample", sample_json(file)},
                             {"questions", file.questions()},
                             {"question_lines", questions_json(file)},
                             {"refused", refused.size()},
                             {"refused_lines", told_lines(refused)},
                             {"checks", quote.checks},
                             {"models", models},
                             {"needs_plan", quote.needs_plan},
                             {"checks_left", std::max<std::int64_t>(0, usage.allowed - usage.used)}});
}

json set_json(const ServedSet& set) {
  const SetCounts& counts = set.counts;
  const char* state = counts.is_under_way() ? "running" : counts.cancelled > 0 ? "cancelled" : "done";
  return {{"id", set.id},
          {"name", set.name},
          {"models", set.models},
          {"how", json::parse(set.request)},
          {"claims", set.claims},
          {"created_at", as_rfc3339(set.created_at)},
          {"state", state},
          {"checks", set.claims * static_cast<std::int64_t>(set.models.size())},
          {"counts",
           {{"queued", counts.queued},
            {"running", counts.running},
            {"done", counts.done},
            {"failed", counts.failed},
            {"cancelled", counts.cancelled},
            {"stored", counts.stored}}},
          {"billed_micro_usd", counts.billed.micros()}};
}

// A set that belongs to someone else is reported as not found.
std::optional<ServedSet> set_of(Call& call, const std::string& id) {
  if (!call.who || !is_uuid(id)) return std::nullopt;
  auto set = Sets(call.database).find(SetId{id});
  return set && set->user_id == call.who->user.id ? set : std::nullopt;
}

ServedSet readable_set(Call& call) {
  auto set = set_of(call, call.parameters.at("id"));
  if (!set) throw Error(ErrorKind::not_found, "there is no such set");
  return std::move(*set);
}

ServiceResponse create_set(ServiceContext& service, Call& call) {
  const Upload upload = upload_of(call.request);
  Intake intake = service.intake(call.database);
  const Asker asker{call.who->user, network_of(call.request.address)};
  const IdempotencyKey key{.key = call.request.header("idempotency-key"), .body_sha256 = sha256_hex(call.request.body)};
  const AcceptedSet accepted =
      SetIntake(call.database, intake, service.secret()).accept(upload.file, upload.wish, asker, key);
  service.parts().wake_worker();
  service.parts().hub.wake();

  const auto set = set_of(call, accepted.id.text());
  if (!set) throw Error(ErrorKind::not_found, "the set of this Idempotency-Key was removed");
  ServiceResponse response = json_response(201, set_json(*set));
  response.headers.emplace_back("Location", "/api/sets/" + set->id.text());
  if (accepted.was_replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
  return response;
}

ServiceResponse list_sets(ServiceContext& /*service*/, Call& call) {
  const auto limit = call.request.parameter("limit");
  const auto most = limit ? whole_number(*limit) : std::optional<std::int64_t>(50);
  if (!most || *most < 1 || *most > static_cast<std::int64_t>(kMostSetsListed))
    throw Refusal(422, fmt::format("limit must be a whole number from 1 to {}", kMostSetsListed));

  std::optional<ServedSet> before;
  if (const auto id = call.request.parameter("before")) {
    if (!is_uuid(*id)) throw Refusal(422, "before must be the id of a set");
    before = set_of(call, *id);
    if (!before) throw Error(ErrorKind::not_found, "before is not the id of one of your sets");
  }

  // One more is read than is shown: where it exists, there is a next page.
  auto found = Sets(call.database).list(call.who->user.id, before, static_cast<std::size_t>(*most) + 1);
  const bool has_more = found.size() > static_cast<std::size_t>(*most);
  if (has_more) found.pop_back();
  json sets = json::array();
  for (const ServedSet& set : found) sets.push_back(set_json(set));
  return json_response(200, {{"sets", sets}, {"next", has_more ? json(found.back().id) : json(nullptr)}});
}

ServiceResponse get_set(ServiceContext& /*service*/, Call& call) {
  const ServedSet set = readable_set(call);
  Sets sets(call.database);
  sets.collect(set.id);
  return json_response(200, set_json(*sets.find(set.id)));
}

json claims_json(Sets& sets, const SetId& id) {
  json claims = json::array();
  for (const SetClaim& claim : sets.claims(id))
    claims.push_back({{"number", claim.number},
                      {"line", claim.line},
                      {"claim", claim.claim},
                      {"tags", claim.tags},
                      {"truth", null_or(claim.truth)}});
  return claims;
}

// As many digits as a table can show: a set of 60,000 cells is sent as a whole.
json short_number(const std::optional<double>& value) {
  return value ? json(std::round(*value * 1e6) / 1e6) : json(nullptr);
}

// Column by column, because the names of the fields in every cell would take more room than the cells.
json cells_json(const std::vector<SetCell>& cells) {
  json out = json::object();
  for (const char* name : {"claim", "model", "check", "state", "p", "low", "high", "stable", "gates_failed", "billed"})
    out[name] = json::array();
  for (const SetCell& cell : cells) {
    const SetFigures* figures = cell.figures ? &*cell.figures : nullptr;
    out["claim"].push_back(cell.number);
    out["model"].push_back(cell.model);
    out["check"].push_back(cell.check_id);
    out["state"].push_back(to_word(cell.state));
    out["p"].push_back(figures ? short_number(figures->p) : json(nullptr));
    out["low"].push_back(figures ? short_number(figures->low) : json(nullptr));
    out["high"].push_back(figures ? short_number(figures->high) : json(nullptr));
    out["stable"].push_back(figures ? null_or(figures->is_stable) : json(nullptr));
    out["gates_failed"].push_back(figures ? json(figures->gates_failed) : json::array());
    out["billed"].push_back(cell.billed.micros());
  }
  return out;
}

// A time as place_in_time() gave it, which a client sends back.
std::optional<std::string> since_of(const ServiceRequest& request) {
  auto since = request.parameter("since");
  if (!since) return std::nullopt;
  constexpr std::string_view kForm = "dddd-dd-dd dd:dd:dd.dddddd";
  const bool fits = since->size() == kForm.size() &&
                    std::equal(since->begin(), since->end(), kForm.begin(),
                               [](char c, char form) { return form == 'd' ? c >= '0' && c <= '9' : c == form; });
  if (!fits || !is_day(since->substr(0, 10)) || since->substr(11, 2) > "23" || since->substr(14, 2) > "59" ||
      since->substr(17, 2) > "59")
    throw Refusal(422, "since must be what as_of said before");
  return since;
}

ServiceResponse get_rows(ServiceContext& /*service*/, Call& call) {
  const auto since = since_of(call.request);
  const ServedSet set = readable_set(call);
  Sets sets(call.database);
  sets.collect(set.id);
  const std::string as_of = sets.place_in_time();
  json body = {{"as_of", as_of}, {"cells", cells_json(sets.cells(set.id, since))}};
  if (!since) body["claims"] = claims_json(sets, set.id);

  // The state is that of before the figures were collected: who reads that the set is done then has all of them.
  ServedSet told = set;
  if (const auto now = sets.find(set.id)) told.counts.billed = now->counts.billed;
  body["set"] = set_json(told);
  return json_response(200, body);
}

ServiceResponse cancel_set(ServiceContext& service, Call& call) {
  const ServedSet set = readable_set(call);
  Intake intake = service.intake(call.database);
  if (!SetIntake(call.database, intake, service.secret()).cancel(set.id))
    throw Error(ErrorKind::conflict, "nothing of the set is under way");
  service.parts().hub.wake();
  return json_response(202, set_json(*Sets(call.database).find(set.id)));
}

ServiceResponse delete_set(ServiceContext& service, Call& call) {
  const ServedSet set = readable_set(call);
  std::optional<std::vector<ExecutionId>> executions;
  in_transaction(call.database,
                 [&] { executions = Removal(call.database, service.secret()).remove_ended_set(set.id.text()); },
                 {.isolation = Isolation::beside_others});
  if (!executions) throw Error(ErrorKind::conflict, "the set is still under way", "cancel it first");
  executions->resize(std::min(executions->size(), kMostForgotten));
  forget_measured(service, call.database, {.executions = *executions});
  return {.status = 204};
}

// The name of a downloaded file, from the name of the set.
std::string file_name_of(const ServedSet& set, std::string_view ending) {
  std::string name;
  for (const char c : set.name.substr(0, 60)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_plain) name += c;
    else if (!name.empty() && name.back() != '-') name += '-';
  }
  while (name.ends_with('-')) name.pop_back();
  return fmt::format("{}.{}", name.empty() ? "set" : name, ending);
}

using Download = std::string (*)(const std::vector<SetClaim>&, const std::vector<SetResult>&);

ServiceResponse download(Call& call, std::string_view ending, const char* type, Download made) {
  const ServedSet set = readable_set(call);
  Sets sets(call.database);
  sets.collect(set.id);
  return {.content_type = type,
          .body = made(sets.claims(set.id), sets.results(set.id)),
          .headers = {{"Cache-Control", "no-store"},
                      {"Content-Disposition", fmt::format("attachment; filename=\"{}\"", file_name_of(set, ending))}}};
}

ServiceResponse download_csv(ServiceContext& /*service*/, Call& call) {
  return download(call, "csv", "text/csv; charset=utf-8", &set_as_csv);
}

ServiceResponse download_jsonl(ServiceContext& /*service*/, Call& call) {
  return download(call, "jsonl", "application/jsonl", &set_as_jsonl);
}

ServiceResponse download_parquet(ServiceContext& service, Call& call) {
  ServiceResponse response = download(call, "parquet", "application/vnd.apache.parquet", &set_as_jsonl);
  response.body = as_parquet(response.body, service.parts().export_program);
  return response;
}

// The wordings by which each model of the set is asked now; none of a model that is no longer offered.
std::vector<AskedWordings> wordings_of(const Intake& intake, const ServedSet& set) {
  const json how = json::parse(set.request);
  std::vector<AskedWordings> wordings;
  for (const std::string& model : set.models) {
    CheckWish wish{.claim = "A claim", .model = model};
    if (how.contains("readout")) wish.readout = readout_from(how["readout"].get<std::string>());
    try {
      const PreparedCheck prepared = intake.prepare(wish);
      wordings.push_back({.version = prepared.plan.prompt_version, .texts = prepared.bank->bank.paraphrases});
    } catch (const Error&) { wordings.push_back({}); }
  }
  return wordings;
}

ServiceResponse get_summary(ServiceContext& service, Call& call) {
  const ServedSet set = readable_set(call);
  Sets sets(call.database);
  sets.collect(set.id);
  const Intake intake = service.intake(call.database);
  return json_response(
      200, {{"summary", set_summary(set, sets.claims(set.id), sets.results(set.id), wordings_of(intake, set))}});
}

}  // namespace

bool takes_set(const ServiceRequest& request) {
  return request.method == "POST" && (request.path == "/api/sets" || request.path == "/api/set-quotes");
}

ServiceResponse set_page(ServiceContext& service, Call& call) {
  if (!set_of(call, call.parameters.at("id"))) return missing_page(service, "There is no such set");
  return app_page(service, call.request);
}

std::span<const Route> set_routes() {
  static constexpr std::array kRoutes = {
      Route{{"POST", "/api/set-quotes"}, Audience::user, &quote_set},
      Route{{"POST", "/api/sets"}, Audience::user, &create_set},
      Route{{"GET", "/api/sets"}, Audience::user, &list_sets},
      Route{{"GET", "/api/sets/{id}"}, Audience::user, &get_set},
      Route{{"DELETE", "/api/sets/{id}"}, Audience::user, &delete_set},
      Route{{"GET", "/api/sets/{id}/rows"}, Audience::user, &get_rows},
      Route{{"GET", "/api/sets/{id}/summary"}, Audience::user, &get_summary},
      Route{{"POST", "/api/sets/{id}/cancel"}, Audience::user, &cancel_set},
      Route{{"GET", "/api/sets/{id}/results.csv"}, Audience::user, &download_csv},
      Route{{"GET", "/api/sets/{id}/results.jsonl"}, Audience::user, &download_jsonl},
      Route{{"GET", "/api/sets/{id}/results.parquet"}, Audience::user, &download_parquet}};
  return kRoutes;
}

}  // namespace heretix::http
