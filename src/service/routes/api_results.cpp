#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "archive/load_record.hpp"
#include "base/random.hpp"
#include "belief/record/decision_facts.hpp"
#include "service/routes/service_context.hpp"
#include "studies/compare/difference.hpp"

namespace heretix::http {
using nlohmann::json;

ExecutionId execution_of(const ServedCheck& check) {
  const json record = check.record ? json::parse(*check.record, nullptr, false) : json(nullptr);
  if (!record.is_object()) throw Error(ErrorKind::conflict, "the check has no result yet");
  return ExecutionId{record.at("execution").at("execution_id").get<std::string>()};
}

Record measured(RunStore& runs, const ServedCheck& check) {
  const auto execution = runs.execution(execution_of(check));
  if (!execution) throw Error(ErrorKind::not_found, "the answers of this check are no longer kept");
  return load_record(runs, *execution);
}

namespace {

constexpr std::size_t kShareBytes = 16;

json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

// What the model stated of the claim and of its negation, if the answer was made from the two.
json sides_json(const Answer& answer) {
  const auto sides = sides_of(answer);
  if (!sides) return nullptr;
  return {{"claim", sides->claim},
          {"negation", sides->negation ? json(*sides->negation) : json(nullptr)},
          {"step", sides->step},
          {"contradict", sides->contradict()}};
}

json answers_json(const Record& record) {
  json answers = json::array();
  for (std::size_t i = 0; i < record.answers.size(); ++i) {
    const Answer& answer = record.answers[i];
    const Question& question = record.plan.questions[i];
    const Verdict& verdict = answer.verdict;
    answers.push_back({{"paraphrase_idx", question.paraphrase_idx},
                       {"wording", record.bank.paraphrases.at(static_cast<std::size_t>(question.paraphrase_idx))},
                       {"replicate_idx", question.replicate_idx},
                       {"prompt_sha256", question.prompt_sha256},
                       {"prompt", question.user_text},
                       {"negated_prompt", or_null(question.negated_text)},
                       {"sides", sides_json(answer)},
                       {"prob_true", verdict.prob_true ? json(verdict.prob_true->value()) : json(nullptr)},
                       {"refused_for", verdict.reason ? json(to_word(*verdict.reason)) : json(nullptr)},
                       {"note", note_of(verdict).empty() ? json(nullptr) : json(note_of(verdict))},
                       {"raw_text", answer.raw_text ? json(*answer.raw_text) : json(nullptr)},
                       {"from_store", answer.from_store}});
  }
  return {{"system", record.bank.full_system()}, {"answers", answers}};
}

ServiceResponse answers_of(const ServiceContext& service, Database& database, const ServedCheck& check) {
  const AnswersPlace place = service.parts().open_answers(database);
  return json_response(200, answers_json(measured(*place.runs, check)));
}

ServiceResponse get_answers(ServiceContext& service, Call& call) {
  return answers_of(service, call.database, readable_check(call));
}

ServiceResponse compare_checks(ServiceContext& service, Call& call) {
  const AnswersPlace place = service.parts().open_answers(call.database);

  const auto record_of = [&](const char* name) {
    const std::string id = call.request.parameter(name).value_or("");
    const auto check = is_uuid(id) ? ServedChecks(call.database).find(CheckId{id}) : std::nullopt;
    return measured(*place.runs, readable(call, check));
  };
  const Record a = record_of("a");
  const Record b = record_of("b");

  const ClaimDifference difference = difference_between(a, b);
  const CenteredInterval& shown = difference.difference;
  const json interval = shown.has_interval() ? json{*shown.low, *shown.high} : json(nullptr);

  json templates = json::array();
  for (const TemplateDifference& one : difference.templates)
    templates.push_back({{"wording", one.wording}, {"a", one.a}, {"b", one.b}, {"without", one.without}});

  return json_response(200, {{"p_a", difference.p_a},
                             {"p_b", difference.p_b},
                             {"is_paired", difference.is_paired},
                             {"difference", shown.center},
                             {"interval", interval},
                             {"p_value", difference.p_value ? json(*difference.p_value) : json(nullptr)},
                             {"finding", to_word(difference.finding)},
                             {"templates", templates}});
}

// What a record of an earlier build says instead.
json honest_belief(const json& record) {
  json belief = {{"p", record.at("honest").at("p")}, {"stable", nullptr}};
  if (const auto interval = record["honest"].find("ci"); interval != record["honest"].end()) belief["ci"] = *interval;
  return belief;
}

ServiceResponse share_check(ServiceContext& /*service*/, Call& call) {
  const ServedCheck& check = readable_check(call);
  if (check.state != CheckState::done) throw Error(ErrorKind::conflict, "only a finished check can be shared");
  std::string share;
  in_transaction(call.database,
                 [&] { share = ServedChecks(call.database).share(check.id, to_base64url(random_bytes(kShareBytes))); },
                 {.isolation = Isolation::beside_others});
  return json_response(200, {{"share", share}});
}

ServiceResponse unshare_check(ServiceContext& /*service*/, Call& call) {
  const ServedCheck& check = readable_check(call);
  in_transaction(call.database, [&] { ServedChecks(call.database).unshare(check.id); },
                 {.isolation = Isolation::beside_others});
  return {.status = 204};
}

ServiceResponse get_shared(ServiceContext& service, Call& call) {
  ServedCheck check = shared_check(call.database, call.parameters.at("share"));
  add_belief(service, call.database, check);
  return check_response(check);
}

ServiceResponse get_shared_answers(ServiceContext& service, Call& call) {
  return answers_of(service, call.database, shared_check(call.database, call.parameters.at("share")));
}

// With the bank and every answer, which is enough to recompute all the rest: heretix verify FILE.
ServiceResponse artifact_of(const ServiceContext& service, Database& database, const ServedCheck& check) {
  const AnswersPlace place = service.parts().open_answers(database);
  const Record record = measured(*place.runs, check);
  ServiceResponse response = json_response(200, to_artifact(record));
  response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"heretix-{}.json\"",
                                                                   record.execution.execution_id.text()));
  return response;
}

ServiceResponse get_record(ServiceContext& service, Call& call) {
  return artifact_of(service, call.database, readable_check(call));
}

ServiceResponse get_shared_record(ServiceContext& service, Call& call) {
  return artifact_of(service, call.database, shared_check(call.database, call.parameters.at("share")));
}

}  // namespace

ServedCheck shared_check(Database& database, const std::string& share) {
  const auto check = ServedChecks(database).find_shared(share);
  if (!check) throw Error(ErrorKind::not_found, "this result is not shared, or no longer shared");
  return *check;
}

void add_belief(const ServiceContext& service, Database& database, ServedCheck& check) {
  if (check.belief || check.state != CheckState::done) return;
  auto whole = check.record ? std::optional(check) : ServedChecks(database).find(check.id);
  if (!whole || !whole->record) return;

  json record = json::parse(*whole->record);
  json belief;
  try {
    const AnswersPlace place = service.parts().open_answers(database);
    belief = record["belief_v2"] = to_json(measured(*place.runs, *whole)).at("belief_v2");
    whole->record = record.dump();
    in_transaction(database, [&] { ServedChecks(database).keep_record(execution_of(*whole), *whole->record); },
                   {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_let_go});
    if (check.record) check.record = whole->record;
  } catch (const Error&) {
    if (belief.is_null()) belief = honest_belief(record);
  }
  check.belief = shown_belief_from(belief);
}

std::span<const Route> result_routes() {
  static constexpr std::array kRoutes = {
      Route{{"GET", "/api/checks/{id}/answers"}, Audience::everybody, &get_answers},
      Route{{"GET", "/api/checks/{id}/record"}, Audience::everybody, &get_record},
      Route{{"POST", "/api/checks/{id}/share"}, Audience::everybody, &share_check},
      Route{{"DELETE", "/api/checks/{id}/share"}, Audience::everybody, &unshare_check},
      Route{{"GET", "/api/comparison"}, Audience::everybody, &compare_checks},
      Route{{"GET", "/api/shared/{share}"}, Audience::everybody, &get_shared},
      Route{{"GET", "/api/shared/{share}/answers"}, Audience::everybody, &get_shared_answers},
      Route{{"GET", "/api/shared/{share}/record"}, Audience::everybody, &get_shared_record}};
  return kRoutes;
}

}  // namespace heretix::http
