// Any bytes are a head with one reading, or refused with a status; then route, query, cookies and body read them too.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "service/http/address.hpp"
#include "service/http/body.hpp"
#include "service/http/head.hpp"
#include "service/http/known_hosts.hpp"
#include "service/http/router.hpp"

namespace {

using namespace heretix::http;

constexpr std::array kPatterns = {Pattern{"GET", "/"}, Pattern{"POST", "/api/checks/{id}/cancel"},
                                  Pattern{"GET", "/api/checks/{id}"}, Pattern{"POST", "/sign-in/{link}"}};

void require(bool holds) {
  if (!holds) std::abort();
}

void read_body(const ServiceRequest& request) {
  try {
    const Body body(request, {"claim", "K", "fresh"});
    require(body.text("claim", 100).size() <= 100);
    const auto number = body.optional_integer("K", 1, 9);
    require(!number || (*number >= 1 && *number <= 9));
    body.truth("fresh");
  } catch (const Refusal& e) { require(e.status() == 400 || e.status() == 415 || e.status() == 422); }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find("\r\n\r\n");
  const std::size_t head_bytes = end == std::string_view::npos ? size : end + 4;

  const ReadHead read = read_head(text.substr(0, head_bytes));

  ServiceRequest request;
  request.body = std::string(text.substr(head_bytes));
  request.headers["content-type"] = "application/json";
  read_body(request);

  if (read.status != 0) {
    require(read.status >= 400 && read.status <= 505 && !read.reason.empty());
    return 0;
  }

  require(!(read.head.is_chunked && read.head.content_length));
  require(read.head.target.starts_with('/') && read.head.target.size() <= kMostTarget);

  request.headers = read.head.headers;

  const std::size_t mark = std::min(read.head.target.find('?'), read.head.target.size());
  request.query = read.head.target.substr(std::min(mark + 1, read.head.target.size()));
  const RouteResult found =
      find_route(kPatterns, {.method = read.head.method, .path = read.head.target.substr(0, mark)});
  if (found.routed) require(found.routed->route < kPatterns.size());

  request.parameter("next");
  request.cookie("heretix");
  client_address("10.0.0.1", parse_ranges("10.0.0.0/8"), request.header("x-forwarded-for"));
  network_of(request.header("host"));

  const bool is_local = KnownHosts().hold({.host_header = request.header("host"), .local_address = "192.0.2.1"});
  require(!is_local || request.header("host").find("evil") == std::string::npos);
  return 0;
}
