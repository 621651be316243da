// Whether the service of this machine answers: what a container's HEALTHCHECK asks.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "service/mail/curl_call.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr auto kMostWait = 5s;
constexpr long kOk = 200;

void require_port(int port) {
  if (port < 1 || port > 65535)
    throw Error(ErrorKind::bad_input, fmt::format("the port is {}, must be from 1 to 65535", port));
}

}  // namespace

int health_command(const Options& options) {
  // A worker has no other page than its metrics.
  const int port = options.of_worker ? options.metrics_port : options.port;
  require_port(port);
  const std::string url = fmt::format("http://localhost:{}{}", port, options.of_worker ? "/metrics" : "/healthz");

  const std::string nothing_to_send;
  CurlCall call(url, "http", nothing_to_send, kMostWait, "");
  call.set(CURLOPT_NOPROXY, "*");
  const CURLcode ended = call.perform(CURLOPT_HTTPHEADER);

  if (ended != CURLE_OK)
    throw Error(ErrorKind::unavailable, fmt::format("{} does not answer: {}", url, call.told(ended)),
                "see whether heretix serve or worker runs, and at which --port or --metrics-port");
  if (call.response_code() != kOk)
    throw Error(ErrorKind::unavailable, fmt::format("{} answers {}", url, call.response_code()),
                "the log of the service says why");
  print_result("healthy\n");
  return kDone;
}

}  // namespace heretix
