// Whether the service of this machine answers: what a container's HEALTHCHECK asks.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "service/mail/curl_call.hpp"

namespace heretix {
namespace {

struct HealthOptions : CommonOptions {
  int port = 8080;
  int metrics_port = 9464;
  bool of_worker = false;
};

using namespace std::chrono_literals;

constexpr auto kMostWait = 5s;
constexpr long kOk = 200;

void require_port(int port) {
  if (port < 1 || port > 65535)
    throw Error(ErrorKind::bad_input, fmt::format("the port is {}; it must be from 1 to 65535", port));
}

int health_command(const HealthOptions& options) {
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
                "check whether heretix serve or worker is running, and on which --port or --metrics-port");
  if (call.response_code() != kOk)
    throw Error(ErrorKind::unavailable, fmt::format("{} answers {}", url, call.response_code()),
                "the log of the service says why");
  print_result("healthy\n");
  return kDone;
}

}  // namespace

void register_health(CommandTable& table) {
  const auto [health, o] = table.add<HealthOptions>(
      "health", "check whether the service on this machine answers; exit with 5 if it does not", health_command);
  health.add_option("--port", o.port, "the port that heretix serve listens on (default 8080; HERETIX_PORT)")
      ->type_name("PORT")
      ->envname("HERETIX_PORT");
  health.add_flag("--worker", o.of_worker, "ask a heretix worker, which serves only its metrics");
  health
      .add_option("--metrics-port", o.metrics_port,
                  "the port of that worker's metrics (default 9464; HERETIX_METRICS_PORT)")
      ->type_name("PORT")
      ->envname("HERETIX_METRICS_PORT");
}

}  // namespace heretix
