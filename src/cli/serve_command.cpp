#include <fmt/format.h>
#include <sys/resource.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <thread>

#include "base/mail_address.hpp"
#include "base/url.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/resources.hpp"
#include "cli/service.hpp"
#include "cli/terminal.hpp"
#include "cli/tracing.hpp"
#include "service/decisions/decision_intake.hpp"
#include "service/http/log.hpp"
#include "service/queue/queue.hpp"
#include "service/routes/api.hpp"
#include "service/routes/check_events.hpp"
#include "service/routes/traced_application.hpp"

namespace heretix {
namespace {

struct ServeOptions : ServiceOptions {
  std::string host = "127.0.0.1";
  int metrics_port = 9464;
  int checks_at_once = 2;
  bool no_worker = false;
  TraceOptions trace;
};

using namespace std::chrono_literals;

constexpr const char* kOwner = "owner@localhost";  // the owner of an embedded service
constexpr auto kServeOn = 3s;                      // goes on serving while others learn that this process is stopping
constexpr auto kMostDrain = 25s;
constexpr rlim_t kOpenFiles = 8192;
constexpr const char* kMetricsHost = "127.0.0.1";

// The store of measurements, for a desk: the harness file of an embedded service, else the service's own database.
std::unique_ptr<Database> open_measurements(const Service& service) {
  auto database = service.open_database();
  return service.is_embedded() ? std::move(service.open_answers(*database).database) : std::move(database);
}

DesksParts desks_parts(const Service& service, DatabasePool& databases, const IntakeRules& rules) {
  return {.make_provider = [&service](const std::string& model) { return service.make_provider(model); },
          .open_store = [&service] { return open_measurements(service); },
          .is_postgres = !service.is_embedded(),
          .banks = service.banks(),
          .clock = service.clock(),
          .most_per_check = rules.most_per_check,
          .on_execution =
              [&databases](const std::string& key, const ExecutionId& execution_id, bool is_new) {
                const auto database = databases.borrow();
                DecisionLog(*database).note_execution(key, execution_id, is_new);
              }};
}

// The connections to Postgres that the routes share. More of them would only wait for the same cores.
std::size_t route_connections() { return std::clamp(2U * std::thread::hardware_concurrency(), 4U, 32U); }

void wait_for_signal(int presses) {
  while (stop_signal().presses < presses) std::this_thread::sleep_for(50ms);
}

// Returns early if the operator sends a second signal.
void wait_or_second_signal(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!stop_signal().leaving() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(20ms);
}

// The origin as browsers send it: they leave out the port 80.
std::string listening_origin(const std::string& host, int port) {
  const std::string address = listening_address(host, port);
  const auto origin = parse_origin(address);
  return origin ? origin->origin() : address;
}

// The hosts that the server answers for, besides localhost and the address at which a connection comes in.
http::KnownHosts known_hosts(const Service& service, const std::string& listens_at) {
  http::KnownHosts hosts = http::KnownHosts::parse(service.environment().hosts.value_or(""), "HERETIX_HOSTS");
  if (service.public_origin()) hosts.add(service.public_origin()->host);
  if (const auto own = host_of_authority(url_host(listens_at))) hosts.add(*own);
  return hosts;
}

http::ApiSettings api_settings(const Service& service, const ServeOptions& options, int port) {
  http::ApiSettings settings;
  settings.origin = service.public_origin() ? service.public_origin()->origin() : listening_origin(options.host, port);
  if (!service.public_origin()) {
    for (const char* name : {"localhost", "127.0.0.1", "::1"}) settings.own_names.insert(listening_origin(name, port));
  }
  for (const std::string& admin : service.environment().admins) settings.admins.insert(canonical_mail_address(admin));
  if (service.is_embedded() && is_loopback_host(options.host)) settings.admins.insert(kOwner);
  settings.billing = service.billing();
  return settings;
}

// What a worker takes in checks by: the models and the rules that the API goes by.
struct TakenIn {
  const std::vector<OfferedModel>& models;
  const IntakeRules& rules;
  AskedBanks banks;
};

WorkerParts worker_parts(const Service& service, Mailer& mailer, const ServeOptions& options, http::Metrics& metrics,
                         const std::string& origin, const TakenIn& taken_in) {
  return {.open_database = [&service] { return service.open_database(); },
          .open_answers = [&service](Database& database) { return service.open_answers(database); },
          .make_provider = [&service](const std::string& model) { return service.make_provider(model); },
          .banks = service.banks(),
          .secret = service.secret(),
          .clock = service.clock(),
          .mailer = mailer,
          .log =
              [&metrics](const WorkerLog& log) {
                const std::string outcome(to_word(log.outcome));
                metrics.count_job(log.kind, outcome, log.seconds);
                http::log_line(log.error.empty() ? http::LogLevel::info : http::LogLevel::warning, "job",
                               {{"job_id", log.job_id},
                                {"kind", log.kind},
                                {"outcome", outcome},
                                {"attempt", log.attempt},
                                {"seconds", log.seconds},
                                {"error", log.error}});
              },
          .env = service.rules().env,
          .origin = origin,
          .mail_from = service.mail_from(),
          .check_threads = options.checks_at_once,
          .keep_checks_days = service.environment().keep_days.value_or(0),
          .accept_check =
              [&service, &taken_in](Database& database, const CheckWish& wish, const Asker& asker,
                                    const IdempotencyKey& idempotency) {
                Intake intake(database, service.secret(), taken_in.banks, taken_in.models, taken_in.rules);
                return intake.accept(intake.prepare(wish), asker, idempotency).check_id;
              }};
}

// The text of a scrape: the counters, and gauges that are read for it.
std::string metrics_text(http::Metrics& metrics, DatabasePool& databases, const http::Server* server) {
  http::Metrics::Now now;
  if (server != nullptr) now.connections = server->connections();
  if (server != nullptr) now.streams = server->streams();
  if (trace::Tracer* tracer = trace::tracer()) now.spans_dropped = tracer->exporter().dropped();
  try {
    const auto database = databases.borrow();
    std::vector<http::Metrics::Now::Jobs> jobs;
    for (const Queue::Count& count : Queue(*database).counts())
      jobs.push_back({count.kind, std::string(to_word(count.state)), count.jobs});
    now.jobs = std::move(jobs);
  } catch (const Error&) { now.jobs.reset(); }
  metrics.set(now);
  return metrics.text();
}

std::string owner_link(const Service& service, const std::string& origin) {
  const auto database = service.open_database();
  const User owner = Users(*database).find_or_create(kOwner);
  in_transaction(*database, [&] { Ledger(*database).set_plan(owner.id, service_plan(PlanName::pro)); },
                 {.isolation = Isolation::beside_others});
  return fmt::format("{}/sign-in/{}", origin, MagicLinks(*database, service.secret()).make(kOwner));
}

unsigned short port_of(int port, const char* name) {
  if (port < 0 || port > 65535)
    throw Error(ErrorKind::bad_input, fmt::format("{} is {}; it must be from 0 to 65535", name, port));
  return static_cast<unsigned short>(port);
}

// Every connection is an open file, and most shells allow a process only 1,024 of them.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kOpenFiles) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, kOpenFiles);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void require_threads(const ServeOptions& options) {
  if (options.checks_at_once < 1 || options.checks_at_once > 64)
    throw Error(ErrorKind::bad_input,
                fmt::format("--checks-at-once is {}; it must be from 1 to 64", options.checks_at_once));
}

void require_page() {
  if (http::web_files().empty())
    throw Error(ErrorKind::not_found, "this program was built without the page that it is to serve",
                "make build builds all of it");
}

int serve_command(const ServeOptions& options) {
  require_threads(options);
  require_page();
  allow_many_files();
  stop_signal();
  const CommandTrace trace(options.trace, "");  // until the last of the threads has ended
  const Service service(options);
  service.require_separate_sessions();
  service.open_database();  // a database that cannot be used is reported before the server starts listening
  const std::vector<OfferedModel> models = service.offered_models();
  const IntakeRules rules = service.rules();
  const TakenIn taken_in{models, rules, AskedBanks(service.banks())};
  http::Metrics metrics;
  const auto open = [&service] { return service.open_database(); };
  DatabasePool databases(open, service.is_embedded() ? 2 : route_connections());
  http::EventHub hub([&open] { return http::keep_check_events(open()); });
  const bool is_local = service.is_embedded() && is_loopback_host(options.host);
  const auto mailer = service.make_mailer(is_local);
  // Declared after everything that its threads use, so that it goes first, also if the start fails half-way.
  std::unique_ptr<Worker> worker;
  const auto wake_worker = [&worker] {
    if (worker) worker->wake();
  };
  const auto open_answers = [&service](Database& database) { return service.open_answers(database); };

  // The port may be any free one, so the address of the page is known only once the server is listening.
  http::Listener listener(options.host, port_of(options.port, "--port"));
  http::Listener metrics_listener(kMetricsHost, port_of(options.metrics_port, "--metrics-port"));
  const unsigned short port = listener.port(), metrics_port = metrics_listener.port();
  const http::ApiSettings settings = api_settings(service, options, port);
  if (!options.no_worker)
    worker = std::make_unique<Worker>(worker_parts(service, *mailer, options, metrics, settings.origin, taken_in));

  http::ApiParts parts{databases, service.secret(), service.banks(), models,           rules, metrics,
                       hub,       wake_worker,      open_answers,    http::web_files()};
  parts.export_program = export_program();
  parts.forget_mails = [&mailer](const std::string& address) {
    mailer->forget({.subject = kSignInSubject, .address = address});
  };
  Desks desks(desks_parts(service, databases, rules));
  DecisionIntake decisions({databases, desks, service.secret(), taken_in.banks, models, rules});
  parts.decisions = &decisions;
  http::ServiceApi api(parts, settings);
  http::TracedApplication application(api);
  if (worker) worker->start();
  // A request of the System One API may hold a thread for seconds; the other routes keep theirs.
  const std::size_t threads = (service.is_embedded() ? 2 : route_connections()) + kMostDecisionRequests;
  const bool is_secure = service.public_origin() && service.public_origin()->is_encrypted();
  http::Server server({.hosts = known_hosts(service, options.host),
                       .trusted_proxies = http::parse_ranges(service.environment().trusted_proxies.value_or("")),
                       .handler_threads = static_cast<int>(threads),
                       .headers = http::security_headers(is_secure)},
                      std::move(listener), application, &hub);
  http::MetricsApplication metrics_page([&] { return metrics_text(metrics, databases, &server); });
  http::Server metrics_server({.hosts = known_hosts(service, kMetricsHost), .handler_threads = 1},
                              std::move(metrics_listener), metrics_page, nullptr);
  print_note(fmt::format("heretix: serving at {}, metrics at {}/metrics", listening_address(options.host, port),
                         listening_address(kMetricsHost, metrics_port)));
  if (is_local) print_note(fmt::format("heretix: sign in as {} by {}", kOwner, owner_link(service, settings.origin)));

  wait_for_signal(1);
  print_note("heretix: stopping; running checks are kept and continue at the next start");
  api.start_draining();
  std::thread work([&] {
    if (worker) worker->drain(stop_signal().leaving() ? 0s : kMostDrain);
  });
  wait_or_second_signal(kServeOn);
  server.drain(stop_signal().leaving() ? 0s : kMostDrain - kServeOn);
  work.join();
  return kDone;
}

int worker_command(const ServeOptions& options) {
  require_threads(options);
  stop_signal();
  const CommandTrace trace(options.trace, "");

  const Service service(options);
  service.require_separate_sessions();
  // Each model is made once, so that a wrong setting is reported before a job is claimed.
  const std::vector<OfferedModel> models = service.offered_models();
  const IntakeRules rules = service.rules();
  const TakenIn taken_in{models, rules, AskedBanks(service.banks())};

  http::Metrics metrics;
  DatabasePool databases([&service] { return service.open_database(); }, 1);

  const std::string origin =
      service.public_origin() ? service.public_origin()->origin() : listening_address("127.0.0.1", options.port);
  const auto mailer = service.make_mailer(false);
  Worker worker(worker_parts(service, *mailer, options, metrics, origin, taken_in));

  // The port is taken before the first job is claimed: where it is in use, no job has to be handed back.
  http::Listener metrics_listener(kMetricsHost, port_of(options.metrics_port, "--metrics-port"));
  const unsigned short metrics_port = metrics_listener.port();
  worker.start();

  http::MetricsApplication metrics_page([&] { return metrics_text(metrics, databases, nullptr); });
  http::Server metrics_server({.hosts = known_hosts(service, kMetricsHost), .handler_threads = 1},
                              std::move(metrics_listener), metrics_page, nullptr);
  print_note(fmt::format("heretix: working, metrics at {}/metrics", listening_address(kMetricsHost, metrics_port)));

  wait_for_signal(1);
  worker.drain(kMostDrain);
  return kDone;
}

void add_serving_options(CLI::App& command, ServeOptions& o) {
  add_service_database(command, o);
  command.add_option("--prompts", o.flags.prompts, "the folder of prompt banks (RPL_PROMPTS_DIR)")->type_name("FOLDER");
  command
      .add_option("--checks-at-once", o.checks_at_once,
                  "how many checks this process runs at once, 1 to 64 (default 2)")
      ->type_name("N");
  command
      .add_option("--metrics-port", o.metrics_port,
                  "the port for metrics, on loopback; 0 takes any free one (default 9464; HERETIX_METRICS_PORT)")
      ->type_name("PORT")
      ->envname("HERETIX_METRICS_PORT");
  add_tracing(command, o.trace);
  command.add_option("--outbox", o.outbox, "where mails are kept while no mail server is set up (default runs/outbox)")
      ->type_name("FOLDER");
}

}  // namespace

void register_serve(CommandTable& table) {
  const auto [serve, s] = table.add<ServeOptions>(
      "serve", "run the service: API, pages and, unless told otherwise, a worker (docs/operations.md)", serve_command);
  add_serving_options(serve, s);
  serve.add_option("--host", s.host, "the address to listen on (default 127.0.0.1)")->type_name("ADDRESS");
  serve.add_option("--port", s.port, "the port to listen on; 0 takes any free one (default 8080; HERETIX_PORT)")
      ->type_name("PORT")
      ->envname("HERETIX_PORT");
  serve.add_flag("--no-worker", s.no_worker, "run no jobs in this process; heretix worker runs them");

  const auto [worker, w] = table.add<ServeOptions>(
      "worker", "run the service's jobs, alongside any number of other workers", worker_command);
  add_serving_options(worker, w);
}

}  // namespace heretix
