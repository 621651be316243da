#include "models/http/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::chrono::seconds kLongestWaitForServer{5};
constexpr std::size_t kLongestName = 80;
constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+";

// As a part of a mode, in which ";" and "=" have a meaning.
std::string plain(std::string_view text) {
  std::string kept(text.substr(0, kLongestName));
  std::ranges::replace_if(
      kept, [](char c) { return kPlain.find(c) == std::string_view::npos; }, '_');
  return kept;
}

HttpResponse response_to(HttpRequest request, const HttpProviderOptions& options) {
  const auto most = std::min<std::chrono::milliseconds>(options.deadlines.total, kLongestWaitForServer);
  HttpEngine engine({.deadlines = Deadlines::within(most), .most_connections = 1, .ca_file = options.ca_file});
  engine.start(0, std::move(request));
  std::vector<HttpResponse> responses;
  while (responses.empty()) responses = engine.step(std::chrono::steady_clock::now() + most);
  return responses.front();
}

}  // namespace

std::string server_in(const HttpResponse& response) {
  std::string_view product = response.headers.value("server");
  product = product.substr(0, product.find_first_of(" \t("));
  const std::size_t slash = product.find('/');
  std::string name = plain(product.substr(0, slash));
  std::string version = slash == std::string_view::npos ? "" : plain(product.substr(slash + 1));

  if (version.empty()) {
    version = plain(text_of(parse_body(response.body), "build_info"));
    if (name.empty() && !version.empty()) name = "llama.cpp";
  }
  return version.empty() ? name : name + "/" + version;
}

std::string ask_which_server(const HttpProviderOptions& options) {
  HttpRequest request{.url = options.base_url + "/props", .headers = options.headers};
  request.is_get = true;
  const HttpResponse response = response_to(std::move(request), options);
  const bool is_not_ready = response.event == Event::replied && response.status == 503;
  if (response.event == Event::replied && !is_not_ready) return server_in(response);

  const auto failure = failure_in(response, options, std::chrono::system_clock::now());
  const bool is_away = !failure || failure->kind == ErrorKind::in_doubt;
  throw Error(is_away ? ErrorKind::unavailable : failure->kind,
              fmt::format("{} does not answer at {}: {}", options.provider, options.base_url,
                          failure ? failure->message : "it is not ready"),
              failure && !failure->hint.empty() ? failure->hint : "start it, or correct --base-url");
}

}  // namespace heretix
