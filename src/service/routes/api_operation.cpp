#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
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

const WebFile* find_file(std::span<const WebFile> files, std::string_view path) {
  const auto found = std::ranges::find(files, path, &WebFile::path);
  return found == files.end() ? nullptr : &*found;
}

ServiceResponse sent(const ServiceRequest& request, const WebFile& file, const char* cache) {
  const bool is_packed = !file.gzip.empty() && request.header("accept-encoding").find("gzip") != std::string::npos;
  ServiceResponse response{.content_type = std::string(file.content_type),
                           .body = std::string(is_packed ? file.gzip : file.text),
                           .headers = {{"Cache-Control", cache}, {"Vary", "Accept-Encoding"}}};
  if (is_packed) response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

// One page for every address: its script shows what the address names.
ServiceResponse web_page(ServiceContext& service, const ServiceRequest& request, const Parameters& /*none*/) {
  const WebFile* file = find_file(service.parts().web, "index.html");
  if (file == nullptr) throw Error(ErrorKind::not_found, "this program was built without the page");
  return sent(request, *file, "no-cache");
}

// Names hold a digest of what they name.
ServiceResponse web_asset(ServiceContext& service, const ServiceRequest& request, const Parameters& parameters) {
  const WebFile* file = find_file(service.parts().web, "assets/" + parameters.at("name"));
  if (file == nullptr) throw Error(ErrorKind::not_found, "there is no such file");
  return sent(request, *file, "public, max-age=31536000, immutable");
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
                    {"error", row.text_or_empty("error")},
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
                                         Route{{"GET", "/"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/history"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/compare"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/usage"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/billing"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/sessions"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/admin"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/sign-in"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/checks/{ids}"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/shared/{share}"}, Audience::everybody, &web_page},
                                         Route{{"GET", "/assets/{name}"}, Audience::everybody, &web_asset},
                                         Route{{"GET", "/style.css"}, Audience::everybody, &style_sheet},
                                         Route{{"GET", "/api/openapi.yaml"}, Audience::everybody, &contract},
                                         Route{{"GET", "/api/admin/overview"}, Audience::admin, &admin_overview},
                                         Route{{"POST", "/api/admin/jobs/{id}/retry"}, Audience::admin, &admin_retry}};
  return kRoutes;
}

}  // namespace heretix::http
