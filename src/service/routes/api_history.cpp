// What models have believed about the claim of a check over time, from the caller's own checks.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "report/html_parts.hpp"
#include "service/routes/service_context.hpp"
#include "studies/history/history.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPoints = 200;  // the newest checks

// The point is named by the check, which its reader can open. Empty if the record is of a build that kept no belief_v2.
std::optional<HistoryRun> run_of(const ServedCheck& check) {
  const json record = json::parse(check.record.value_or("null"), nullptr, false);
  if (!record.is_object() || !record.contains("belief_v2")) return std::nullopt;
  const json& execution = record.at("execution");
  const json readout = record.value("readout", json::object());
  const json versions = execution.value("answered_by", json::object());

  HistoryRun run{.source = {.model = check.model,
                            .readout = readout.value("kind", std::string(to_word(Readout::verbalized))),
                            .bank = record.at("config").value("prompt_version", ""),
                            .is_mock = check.is_mock},
                 .created_at = execution.at("created_at"),
                 .name = check.id.text(),
                 .belief = shown_belief_from(record.at("belief_v2"))};
  for (const auto& [name, answers] : versions.items()) run.answered_by.insert(name);
  return run;
}

// A check from a stored result shows an earlier measurement, which is one point however often it was asked for.
BeliefHistory history_of_check(Call& call) {
  const ServedCheck& check = readable_check(call);
  const std::optional<CheckOwner> owner = owner_of(call);

  std::vector<HistoryRun> runs;
  if (owner) {
    std::vector<Query> queries;
    for (const ServedCheck& listed :
         ServedChecks(call.database)
             .list(*owner, {.search = {}, .state = CheckState::done, .same_claim = check.id, .most = kMostPoints})) {
      if (!listed.was_cached) queries.push_back(ServedChecks::query_for(listed.id));
    }
    for (const auto& rows : call.database.query_all(queries)) {
      const auto whole = ServedChecks::found(rows);
      auto run = whole ? run_of(*whole) : std::nullopt;
      if (run) runs.push_back(std::move(*run));
    }
    std::ranges::reverse(runs);  // the list begins with the newest; of one second that is the last one
  }
  if (runs.empty()) {
    if (auto run = run_of(check)) runs.push_back(std::move(*run));
  }
  if (runs.empty()) throw Error(ErrorKind::conflict, "no check of this claim has a result yet");
  return history_of(check.claim, std::move(runs), {});
}

ServiceResponse get_history(ServiceContext& /*service*/, Call& call) {
  return json_response(200, to_json(history_of_check(call)));
}

ServiceResponse get_history_svg(ServiceContext& /*service*/, Call& call) {
  return {.content_type = "image/svg+xml",
          .body = html::standalone_svg(history_svg(history_of_check(call))),
          .headers = {{"Cache-Control", "private, no-store"}}};
}

}  // namespace

std::span<const Route> history_routes() {
  static constexpr std::array kRoutes = {
      Route{{"GET", "/api/checks/{id}/history"}, Audience::everybody, &get_history},
      Route{{"GET", "/api/checks/{id}/history.svg"}, Audience::everybody, &get_history_svg}};
  return kRoutes;
}

}  // namespace heretix::http
