#include "models/http/caller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/url.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 256U << 20;  // the answers of a whole batch

}  // namespace

std::string percent_encoded(const std::string& text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) encoded += c;
    else encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

Caller::Caller(const HttpProviderOptions& options)
    : options_(options),
      engine_({.deadlines = options.deadlines,
               .most_connections = 1,
               .most_bytes = kMostBytes,
               .ca_file = options.ca_file}) {}

std::string Caller::call(HttpRequest request) {
  const bool is_get = request.is_get;
  engine_.start(0, std::move(request));
  std::vector<HttpResponse> responses;
  while (responses.empty()) responses = engine_.step(std::chrono::steady_clock::now() + std::chrono::seconds(1));
  const HttpResponse& response = responses.front();
  if (const auto failure = failure_in(response, options_, std::chrono::system_clock::now())) {
    const bool surely_nothing = is_get && failure->kind == ErrorKind::in_doubt;
    throw Error(surely_nothing ? ErrorKind::unavailable : failure->kind, failure->message,
                failure->hint.empty() ? "run the same command again" : failure->hint);
  }
  return response.body;
}

std::string Caller::get(const std::string& path_or_url) {
  HttpRequest request{.url = options_.base_url + path_or_url, .headers = options_.headers};
  if (const auto url = parse_url(path_or_url)) {
    // The key goes to the provider's own address only.
    const auto own = parse_url(options_.base_url);
    if (!own || url->origin() != own->origin())
      throw Error(ErrorKind::not_allowed, fmt::format("{} points to another host for its results", options_.provider));
    request.url = url->address();
  }
  request.is_get = true;
  return call(std::move(request));
}

std::string Caller::post(const std::string& path, const PostBody& body) {
  HttpRequest request{.url = options_.base_url + path, .headers = options_.headers, .body = body.text};
  std::erase_if(request.headers, [](const std::string& h) { return h.starts_with("Content-Type:"); });
  request.headers.push_back("Content-Type: " + body.content_type);
  return call(std::move(request));
}

json Caller::parsed(const std::string& text) const {
  json body = json::parse(text, nullptr, false);
  if (body.is_object()) return body;
  throw Error(ErrorKind::unavailable, fmt::format("{}: the reply is not a JSON object", options_.provider),
              "run the same command again");
}

json Caller::get_json(const std::string& path) { return parsed(get(path)); }

json Caller::post_json(const std::string& path, const PostBody& body) { return parsed(post(path, body)); }

}  // namespace heretix
