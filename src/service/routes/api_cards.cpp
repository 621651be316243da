// What other places show of a shared result: a card as a picture, a frame to embed, and the shared page itself.
#include <fmt/format.h>

#include <array>

#include "base/html_text.hpp"
#include "base/text.hpp"
#include "report/card.hpp"
#include "service/routes/pictures.hpp"
#include "service/routes/service_context.hpp"

namespace heretix::http {
namespace {

constexpr const char* kCardCache = "public, max-age=3600";
constexpr std::size_t kMostShared = 12;  // results on one page

// Other sites may show it.
std::vector<std::pair<std::string, std::string>> open_headers() {
  return {{"Cache-Control", kCardCache}, {"Cross-Origin-Resource-Policy", "cross-origin"}};
}

// The records behind "SHARE" or "SHARE,SHARE,…". All of them must be shared, and be about one claim.
std::vector<Record> shared_records(const ServiceContext& service, Call& call) {
  const AnswersPlace place = service.parts().open_answers(call.database);
  std::vector<Record> records;
  for (const std::string& share : shares_in(call.parameters.at("share")))
    records.push_back(measured(*place.runs, shared_check(call.database, share)));
  for (const Record& record : records) {
    if (record.plan.recipe.claim.text != records.front().plan.recipe.claim.text)
      throw Error(ErrorKind::bad_input, "these results are about different claims", "name results of one claim");
  }
  return records;
}

ServiceResponse get_card_svg(ServiceContext& service, Call& call) {
  return {.content_type = "image/svg+xml", .body = card_svg(shared_records(service, call)), .headers = open_headers()};
}

ServiceResponse get_card_png(ServiceContext& service, Call& call) {
  return {
      .content_type = "image/png", .body = png_of(card_svg(shared_records(service, call))), .headers = open_headers()};
}

// A page without a script that other sites may frame. It shows the card and leads to the whole result.
ServiceResponse get_frame(ServiceContext& service, Call& call) {
  const std::string& share = call.parameters.at("share");
  const std::vector<Record> records = shared_records(service, call);
  const std::string words = html::escaped(card_in_words(records));
  const std::string page = html::escaped(fmt::format("{}/shared/{}", service.settings().origin, share));

  ServiceResponse response{.content_type = "text/html; charset=utf-8",
                           .body = fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                               "<title>{0} · Heretix</title></head><body><a href=\"{1}\" "
                                               "target=\"_blank\" rel=\"noopener\"><img src=\"{1}/card.svg\" "
                                               "width=\"100%\" alt=\"{0}\"></a></body></html>\n",
                                               words, page),
                           .headers = open_headers()};
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; img-src 'self'; base-uri 'none'; frame-ancestors *");
  response.headers.emplace_back("X-Frame-Options", "");
  return response;
}

}  // namespace

std::vector<std::string> shares_in(const std::string& shares) {
  std::vector<std::string> found;
  for (const std::string_view part : split(shares, ',')) {
    if (!part.empty()) found.emplace_back(part);
  }
  if (found.empty() || found.size() > kMostShared)
    throw Error(ErrorKind::not_found, fmt::format("an address names from 1 to {} shared results", kMostShared));
  return found;
}

std::span<const Route> card_routes() {
  static constexpr std::array kRoutes = {Route{{"GET", "/shared/{share}/card.svg"}, Audience::everybody, &get_card_svg},
                                         Route{{"GET", "/shared/{share}/card.png"}, Audience::everybody, &get_card_png},
                                         Route{{"GET", "/shared/{share}/frame"}, Audience::everybody, &get_frame}};
  return kRoutes;
}

}  // namespace heretix::http
