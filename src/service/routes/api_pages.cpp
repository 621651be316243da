#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/random.hpp"
#include "base/text.hpp"
#include "service/routes/page_about.hpp"
#include "service/routes/pictures.hpp"
#include "service/routes/service_context.hpp"

namespace heretix::http {
namespace {

constexpr const char* kPageCache = "no-cache";
constexpr const char* kPersonalPageCache = "private, no-cache";  // it names a claim that its owner alone may see
constexpr std::size_t kMostPreviewed = 12;                       // as many checks as the page shows side by side
constexpr std::string_view kHtml = "text/html; charset=utf-8";

// Shown until the script has drawn the same, and where there are no scripts.
constexpr std::string_view kMissingTitle = "There is no page at this address";
constexpr std::string_view kMissingBody =
    "<main><h1>There is no page at this address</h1><p>The address may have been mistyped or cut off, or the page has "
    "moved.</p><ul><li><a href=\"/\">Ask about a claim</a></li><li><a href=\"/history\">See what was measured "
    "before</a></li></ul></main>";

const WebFile* find_file(std::span<const WebFile> files, std::string_view path) {
  const auto found = std::ranges::find(files, path, &WebFile::path);
  return found == files.end() ? nullptr : &*found;
}

const WebFile& page_file(const ServiceContext& service) {
  const WebFile* file = find_file(service.parts().web, "index.html");
  if (file == nullptr) throw Error(ErrorKind::not_found, "this program was built without the page");
  return *file;
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

ServiceResponse app_page(const ServiceContext& service, const ServiceRequest& request) {
  return sent(request, page_file(service), kPageCache);
}

namespace {

// One page for every address: its script shows what the address names.
ServiceResponse web_page(ServiceContext& service, const ServiceRequest& request, const Parameters& /*none*/) {
  return app_page(service, request);
}

// Names hold a digest of what they name.
ServiceResponse web_asset(ServiceContext& service, const ServiceRequest& request, const Parameters& parameters) {
  const WebFile* file = find_file(service.parts().web, "assets/" + parameters.at("name"));
  if (file == nullptr) throw Error(ErrorKind::not_found, "there is no such file");
  return sent(request, *file, "public, max-age=31536000, immutable");
}

PreviewedCheck previewed(ServiceContext& service, Call& call, ServedCheck check) {
  add_belief(service, call.database, check);
  return {.claim = check.claim,
          .model = check.model.text(),
          .is_done = check.state == CheckState::done,
          .belief = check.belief};
}

// A page that is shared has a picture in its previews; of others nobody else may see one.
ServiceResponse page_about(const ServiceContext& service, const Call& call, std::span<const PreviewedCheck> checks,
                           bool is_shared) {
  const char* cache = is_shared ? kPageCache : kPersonalPageCache;
  PageAbout what = about(checks);
  what.address = service.settings().origin + call.request.path;
  if (is_shared && can_draw_png()) what.picture = what.address + "/card.png";
  return {.content_type = std::string(kHtml),
          .body = with_about(page_file(service).text, what),
          .headers = {{"Cache-Control", cache}, {"Vary", "Cookie"}}};
}

// Checks that the caller may not read are as those that do not exist: neither is named. Where one may be read the page
// is about it.
ServiceResponse checks_page(ServiceContext& service, Call& call) {
  std::vector<Query> queries;
  for (const std::string_view part : split(call.parameters.at("ids"), ',')) {
    const std::string id(part);
    if (is_uuid(id) && queries.size() < kMostPreviewed) queries.push_back(ServedChecks::head_query_for(CheckId{id}));
  }

  std::vector<PreviewedCheck> checks;
  for (const auto& rows : call.database.query_all(queries)) {
    auto check = ServedChecks::found(rows);
    if (check && may_read(call, *check)) checks.push_back(previewed(service, call, std::move(*check)));
  }

  if (checks.empty()) return missing_page(service, "There is no such check");
  return page_about(service, call, checks, false);
}

// Of a claim over time, which one of the caller's own checks names.
ServiceResponse claim_page(ServiceContext& service, Call& call) {
  const std::string& id = call.parameters.at("id");
  auto check = is_uuid(id)
                   ? ServedChecks::found(call.database.query_all({ServedChecks::head_query_for(CheckId{id})}).front())
                   : std::nullopt;
  if (!check || !may_read(call, *check)) return missing_page(service, "There is no such check");
  const std::array checks = {previewed(service, call, std::move(*check))};
  return page_about(service, call, checks, false);
}

// One shared result, or several of one claim side by side.
ServiceResponse shared_page(ServiceContext& service, Call& call) {
  std::vector<PreviewedCheck> checks;
  for (const std::string& share : shares_in(call.parameters.at("share"))) {
    auto check = ServedChecks(call.database).find_shared(share);
    if (!check) return missing_page(service, "This result is not shared");
    checks.push_back(previewed(service, call, std::move(*check)));
  }
  return page_about(service, call, checks, true);
}

}  // namespace

ServiceResponse missing_page(const ServiceContext& service, std::string_view title) {
  const PageAbout what{.title = std::string(title),
                       .description = "Heretix measures what a language model believes about a claim."};
  std::string body(kMissingBody);
  body = replaced(body, {kMissingTitle, title});
  return {.status = 404,
          .content_type = std::string(kHtml),
          .body = with_about(page_file(service).text, what, body),
          .headers = {{"Cache-Control", kPersonalPageCache}, {"Vary", "Cookie"}}};
}

ServiceResponse missing_page(const ServiceContext& service) { return missing_page(service, kMissingTitle); }

bool is_page_address(std::string_view path) {
  const auto is_under = [&](std::string_view folder) {
    return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
  };
  return !is_under("/api") && !is_under("/assets") && !is_under("/v1") && !is_under("/v1beta");
}

std::span<const Route> page_routes() {
  static constexpr std::array kRoutes = {
      Route{{"GET", "/"}, Audience::everybody, &web_page},
      Route{{"GET", "/history"}, Audience::everybody, &web_page},
      Route{{"GET", "/claims/{id}"}, Audience::everybody, &claim_page, &web_page},
      Route{{"GET", "/compare"}, Audience::everybody, &web_page},
      Route{{"GET", "/sets"}, Audience::everybody, &web_page},
      Route{{"GET", "/sets/{id}"}, Audience::everybody, &set_page, &web_page},
      Route{{"GET", "/decisions"}, Audience::everybody, &web_page},
      Route{{"GET", "/usage"}, Audience::everybody, &web_page},
      Route{{"GET", "/billing"}, Audience::everybody, &web_page},
      Route{{"GET", "/sessions"}, Audience::everybody, &web_page},
      Route{{"GET", "/admin"}, Audience::everybody, &web_page},
      Route{{"GET", "/sign-in"}, Audience::everybody, &web_page},
      Route{{"GET", "/checks/{ids}"}, Audience::everybody, &checks_page, &web_page},
      Route{{"GET", "/shared/{share}"}, Audience::everybody, &shared_page, &web_page},
      Route{{"GET", "/assets/{name}"}, Audience::everybody, &web_asset}};
  return kRoutes;
}

}  // namespace heretix::http
