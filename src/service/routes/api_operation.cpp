#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "service/checks/web_words.hpp"
#include "service/queue/queue.hpp"
#include "service/routes/service_context.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

ServiceResponse healthy(ServiceContext& /*service*/, const ServiceRequest& /*request*/, const Parameters& /*none*/) {
  return json_response(200, {{"status", "ok"}});
}

ServiceResponse ready(ServiceContext& service, Call& call) {
  if (service.is_draining()) return json_response(503, {{"status", "draining"}});
  call.database.query("SELECT 1 AS one");
  return json_response(200, {{"status", "ok"}});
}

ServiceResponse contract(ServiceContext& /*service*/, const ServiceRequest& /*request*/, const Parameters& /*none*/) {
  return {.content_type = "application/yaml", .body = std::string(kOpenApi)};
}

ServiceResponse style_sheet(ServiceContext& /*service*/, const ServiceRequest& /*request*/,
                            const Parameters& /*none*/) {
  return {.content_type = "text/css; charset=utf-8", .body = std::string(kPaletteSheet) + std::string(kStyleSheet)};
}

ServiceResponse admin_overview(ServiceContext& /*service*/, Call& call) {
  json jobs = json::array();
  for (const Queue::Count& count : Queue(call.database).counts())
    jobs.push_back({{"kind", count.kind}, {"state", to_word(count.state)}, {"jobs", count.jobs}});
  json dead = json::array();
  for (const Row& row : call.database.query(
           "SELECT id, kind, error, finished_at FROM jobs WHERE state = 'dead' ORDER BY finished_at DESC LIMIT 50")) {
    dead.push_back({{"id", row.required_text("id")},
                    {"kind", row.required_text("kind")},
                    {"error", in_web_words(row.text_or_empty("error"))},
                    {"finished_at", as_rfc3339(row.text_or_empty("finished_at"))}});
  }
  const auto users = call.database.query("SELECT count(*) AS n FROM users")[0].integer("n").value_or(0);
  json usage = json::array();
  for (const PlanUsage& plan : Ledger(call.database).of_each_plan())
    usage.push_back({{"plan", to_word(plan.plan)},
                     {"users", plan.users},
                     {"checks_used", plan.used},
                     {"checks_allowed", plan.allowed}});
  return json_response(200, {{"jobs", jobs}, {"dead", dead}, {"users", users}, {"usage", usage}});
}

ServiceResponse admin_retry(ServiceContext& service, Call& call) {
  const std::string& id = call.parameters.at("id");
  if (!is_uuid(id) || !Queue(call.database).retry(id)) throw Error(ErrorKind::not_found, "there is no such dead job");
  service.parts().wake_worker();
  return json_response(202, {{"id", id}});
}

}  // namespace

std::span<const Route> operation_routes() {
  static constexpr std::array kRoutes = {Route{{"GET", "/healthz"}, Audience::everybody, &healthy},
                                         Route{{"GET", "/readyz"}, Audience::everybody, &ready},
                                         Route{{"GET", "/style.css"}, Audience::everybody, &style_sheet},
                                         Route{{"GET", "/api/openapi.yaml"}, Audience::everybody, &contract},
                                         Route{{"GET", "/api/admin/overview"}, Audience::admin, &admin_overview},
                                         Route{{"POST", "/api/admin/jobs/{id}/retry"}, Audience::admin, &admin_retry}};
  return kRoutes;
}

}  // namespace heretix::http
