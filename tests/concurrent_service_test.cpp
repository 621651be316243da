// The service's threads under the thread sanitizer: one that reads and writes connections, those of the routes, the one
// that watches events, and the workers', all on one database, while clients ask, watch, cancel and leave.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "measure/run_store.hpp"
#include "models/scripted/scripted_provider.hpp"
#include "service/routes/api.hpp"
#include "service/routes/check_events.hpp"
#include "service/worker/worker.hpp"
#include "store/sqlite/app_file.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kClients = 4;
constexpr int kChecksEach = 3;

// One request on a connection of its own; all that comes back.
std::string asked(unsigned short port, const std::string& request) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  std::string heard;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    std::array<char, 16384> bytes{};
    for (ssize_t got = ::read(socket, bytes.data(), bytes.size()); got > 0;
         got = ::read(socket, bytes.data(), bytes.size()))
      heard.append(bytes.data(), static_cast<std::size_t>(got));
  }
  ::close(socket);
  return heard;
}

std::string head(const std::string& method, const std::string& path, const std::string& cookie) {
  return method + " " + path +
         " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: heretix-visitor=" + cookie + "\r\n";
}

json body_of(const std::string& response) {
  return json::parse(response.substr(std::min(response.find("\r\n\r\n") + 4, response.size())), nullptr, false);
}

// The parts of `heretix serve`, put together as it does (cli/serve_command.cpp).
class RunningService {
 public:
  explicit RunningService(std::filesystem::path folder)
      : folder_(std::move(folder)),
        mailer_(make_outbox_mailer((folder_ / "outbox").string(), clock_, [](const Mail&, const std::string&) {})),
        hub_([this] { return http::keep_check_events(open()); }),
        pool_([this] { return open(); }, 3),
        worker_(worker_parts()),
        listener_("127.0.0.1", 0),
        port_(listener_.port()),
        api_(api_parts(), {.origin = "http://127.0.0.1"}),
        server_({.handler_threads = 3}, std::move(listener_), api_, &hub_) {
    rules_.anonymous_per_network_and_day = 1'000'000;
    worker_.start();
  }
  unsigned short port() const { return port_; }
  http::Metrics& metrics() { return metrics_; }
  void stop() {
    api_.start_draining();
    std::thread work([this] { worker_.drain(10s); });
    server_.drain(10s);
    work.join();
  }
  std::unique_ptr<Database> open() const { return open_app_file((folder_ / "app.sqlite").string()); }

 private:
  AnswersPlace open_answers() const {
    const std::string path = (folder_ / "answers.sqlite").string();
    auto harness = open_harness_file(path, {.access = Access::create});
    auto runs = std::make_unique<RunStore>(*harness);
    return {std::move(harness), std::move(runs), path};
  }
  WorkerParts worker_parts() {
    return {.open_database = [this] { return open(); },
            .open_answers = [this](Database&) { return open_answers(); },
            .make_provider = [](const std::string& model) { return make_mock_provider(ModelName(model)); },
            .banks = banks_,
            .secret = secret_,
            .clock = clock_,
            .mailer = *mailer_,
            .log =
                [this](const WorkerLog& log) {
                  metrics_.count_job(log.kind, std::string(to_word(log.outcome)), log.seconds);
                },
            .origin = "http://127.0.0.1",
            .mail_from = "heretix@localhost",
            .check_threads = 3};
  }
  http::ApiParts api_parts() {
    return {pool_,
            secret_,
            banks_,
            models_,
            rules_,
            metrics_,
            hub_,
            [this] { worker_.wake(); },
            [this](Database&) { return open_answers(); }};
  }

  std::filesystem::path folder_;
  Secret secret_ = Secret::parse(std::string(64, 'a'));
  SystemClock clock_;
  PromptBanks banks_{HERETIX_PROMPTS};
  std::vector<OfferedModel> models_{{"play", make_mock_provider(ModelName("play"))->facts()}};
  IntakeRules rules_;
  std::unique_ptr<Mailer> mailer_;
  http::Metrics metrics_;
  http::EventHub hub_;
  DatabasePool pool_;
  Worker worker_;
  http::Listener listener_;
  unsigned short port_;
  http::ServiceApi api_;
  http::Server server_;
};

// Asks as a visitor of its own, watches to the end or leaves, reads what came out.
int checks_done_by(unsigned short port, int client) {
  int done = 0;
  for (int i = 0; i < kChecksEach; ++i) {
    const std::string cookie = std::string(39, 'c') + std::to_string(1000 + client * 100 + i);
    const std::string wish = R"({"claim":"claim )" + std::to_string(client * 100 + i) + R"(","model":"play"})";
    const json check =
        body_of(asked(port, head("POST", "/api/checks", cookie) + "Content-Type: application/json\r\nContent-Length: " +
                                std::to_string(wish.size()) + "\r\n\r\n" + wish));
    if (!check.is_object() || !check.contains("id")) continue;
    const std::string path = "/api/checks/" + check["id"].get<std::string>();
    if (i == 1) asked(port, head("POST", path + "/cancel", cookie) + "Content-Length: 0\r\n\r\n");
    const std::string events = asked(port, head("GET", path + "/events", cookie) + "\r\n");
    const json ended = body_of(asked(port, head("GET", path, cookie) + "\r\n"));
    const bool is_over = ended.is_object() && (ended["state"] == "done" || ended["state"] == "cancelled");
    done +=
        int{is_over && (events.find("event: state") != std::string::npos || events.find(" 204 ") != std::string::npos)};
    asked(port, head("GET", path + "/answers", cookie) + "\r\n");
  }
  return done;
}

TEST(ServiceThreads, ManyClientsOnOneService) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("heretix-service-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  {
    RunningService service(folder);
    std::array<int, kClients> done{};
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i)
      clients.emplace_back([&, i] { done[static_cast<std::size_t>(i)] = checks_done_by(service.port(), i); });
    std::atomic<bool> ended{false};
    std::thread scraper([&] {
      while (!ended) service.metrics().text();
    });
    for (std::thread& client : clients) client.join();
    ended = true;
    scraper.join();
    EXPECT_NE(service.metrics().text().find("/api/checks/{id}/events"), std::string::npos);
    service.stop();
    for (const int count : done) EXPECT_EQ(count, kChecksEach);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace heretix
