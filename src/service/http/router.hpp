// Finds the route that a request means. Pure.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heretix::http {

struct Pattern {
  std::string_view method;  // "GET" serves HEAD too
  std::string_view path;    // "/api/checks/{id}": a name in braces stands for one segment that is not empty
};

struct Routed {
  std::size_t route = 0;                                       // its place among the patterns
  std::map<std::string, std::string, std::less<>> parameters;  // percent-decoded
};

struct RouteResult {
  std::optional<Routed> routed{};
  std::vector<std::string> allowed{};  // the methods, if the path is known and the method is not (405)
};

struct RouteAsked {
  std::string_view method;
  std::string_view path;  // as it was sent, without its query
};

RouteResult find_route(std::span<const Pattern> patterns, const RouteAsked& asked);

}  // namespace heretix::http
