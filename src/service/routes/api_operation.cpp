#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "service/queue/queue.hpp"
#include "service/routes/api.hpp"

namespace heretix::http {

using nlohmann::json;

ServiceResponse ServiceApi::healthy(const ServiceRequest& /*request*/, const Parameters& /*none*/) {
  return json_response(200, {{"status", "ok"}});
}

ServiceResponse ServiceApi::ready(Call& call) {
  if (is_draining_) return json_response(503, {{"status", "draining"}});
  call.database.query("SELECT 1 AS one");
  return json_response(200, {{"status", "ok"}});
}

ServiceResponse ServiceApi::contract(const ServiceRequest& /*request*/, const Parameters& /*none*/) {
  return {.content_type = "application/yaml", .body = std::string(kOpenApi)};
}

ServiceResponse ServiceApi::style_sheet(const ServiceRequest& /*request*/, const Parameters& /*none*/) {
  return {.content_type = "text/css; charset=utf-8", .body = std::string(kStyleSheet)};
}

namespace {

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

}  // namespace

// One page for every address: its script shows what the address names.
ServiceResponse ServiceApi::web_page(const ServiceRequest& request, const Parameters& /*none*/) {
  const WebFile* file = find_file(parts_.web, "index.html");
  if (file == nullptr) throw Error(ErrorKind::not_found, "this program was built without the page");
  return sent(request, *file, "no-cache");
}

// Names hold a digest of what they name.
ServiceResponse ServiceApi::web_asset(const ServiceRequest& request, const Parameters& parameters) {
  const WebFile* file = find_file(parts_.web, "assets/" + parameters.at("name"));
  if (file == nullptr) throw Error(ErrorKind::not_found, "there is no such file");
  return sent(request, *file, "public, max-age=31536000, immutable");
}

ServiceResponse ServiceApi::admin_overview(Call& call) {
  json jobs = json::array();
  for (const Queue::Count& count : Queue(call.database).counts())
    jobs.push_back({{"kind", count.kind}, {"state", count.state}, {"jobs", count.jobs}});
  json dead = json::array();
  for (const Row& row : call.database.query(
           "SELECT id, kind, error, finished_at FROM jobs WHERE state = 'dead' ORDER BY finished_at DESC LIMIT 50")) {
    dead.push_back({{"id", row.text_or_empty("id")},
                    {"kind", row.text_or_empty("kind")},
                    {"error", row.text_or_empty("error")},
                    {"finished_at", as_rfc3339(row.text_or_empty("finished_at"))}});
  }
  const auto users = call.database.query("SELECT count(*) AS n FROM users")[0].integer("n").value_or(0);
  json usage = json::array();
  for (const PlanUsage& plan : Ledger(call.database).of_each_plan())
    usage.push_back(
        {{"plan", plan.plan}, {"users", plan.users}, {"checks_used", plan.used}, {"checks_allowed", plan.allowed}});
  return json_response(200, {{"jobs", jobs}, {"dead", dead}, {"users", users}, {"usage", usage}});
}

ServiceResponse ServiceApi::admin_retry(Call& call) {
  const std::string& id = call.parameters.at("id");
  if (!is_uuid(id) || !Queue(call.database).retry(id)) throw Error(ErrorKind::not_found, "there is no such dead job");
  parts_.wake_worker();
  return json_response(202, {{"id", id}});
}

}  // namespace heretix::http
