#include "service/http/router.hpp"

#include "service/http/message.hpp"

namespace heretix::http {
namespace {

std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);  // its slash
  const std::size_t end = std::min(rest.find('/'), rest.size());
  const std::string_view segment = rest.substr(0, end);
  rest.remove_prefix(end);
  return segment;
}

using Parameters = std::map<std::string, std::string, std::less<>>;

std::optional<Parameters> match(std::string_view pattern, std::string_view path) {
  Parameters parameters;
  while (!pattern.empty() && !path.empty()) {
    if (pattern.front() != '/' || path.front() != '/') return std::nullopt;
    const std::string_view wanted = next_segment(pattern);
    const std::string_view given = next_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return std::nullopt;
      continue;
    }
    const auto decoded = decoded_text(given);
    if (!decoded || decoded->empty()) return std::nullopt;
    parameters.emplace(wanted.substr(1, wanted.size() - 2), *decoded);
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parameters;
}

}  // namespace

RouteResult find_route(std::span<const Pattern> patterns, const RouteAsked& asked) {
  RouteResult result;
  const std::string_view wanted = asked.method == "HEAD" ? "GET" : asked.method;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    auto parameters = match(patterns[i].path, asked.path);
    if (!parameters) continue;
    if (patterns[i].method == wanted) {
      result.routed = Routed{i, std::move(*parameters)};
      return result;
    }
    result.allowed.emplace_back(patterns[i].method);
    if (patterns[i].method == "GET") result.allowed.emplace_back("HEAD");
  }
  return result;
}

}  // namespace heretix::http
