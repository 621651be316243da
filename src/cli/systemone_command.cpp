#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cmath>
#include <thread>

#include "base/clock.hpp"
#include "base/url.hpp"
#include "belief/decide/model_names.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/service.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "measure/systemone/decision_desk.hpp"
#include "service/systemone/systemone_app.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

struct SystemOneOptions : MeasuringOptions {
  std::string host = "127.0.0.1";
  int port = 8765;
  int wordings = static_cast<int>(kMostWordings);
  double seconds = 8;
};

constexpr const char* kNoClaim = "A claim.";  // for the settings; questions come with requests
constexpr int kHandlerThreads = 64;           // each waits for the answers of one request
constexpr double kMostSeconds = 600;

std::chrono::milliseconds patience_of(double seconds) {
  if (!(seconds >= 0.1 && seconds <= kMostSeconds))
    throw Error(ErrorKind::bad_input, fmt::format("--seconds is {}; it must be from 0.1 to {}", seconds, kMostSeconds));
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

Resolved resolved_for(const SystemOneOptions& options) {
  SystemOneOptions settings = options;
  settings.flags.claim = kNoClaim;
  Resolved resolved = resolve(settings);
  resolved.settings.readout.reset();  // each model is asked in the best way that it allows
  return resolved;
}

int systemone_command(const SystemOneOptions& options) {
  stop_signal();  // from here on a signal stops the command cleanly
  const auto patience = patience_of(options.seconds);
  if (options.port < 0 || options.port > 65535)
    throw Error(ErrorKind::bad_input, fmt::format("--port is {}; it must be from 0 to 65535", options.port));

  const Resolved resolved = resolved_for(options);
  const auto provider = make_provider(resolved.settings);
  Budget budget = make_budget(options.flags);
  require_price(budget, provider->facts());
  const auto database = open_harness_file(resolved.database_path, {.access = Access::create});
  const SystemClock clock;

  DeskOptions desk_options{.patience = patience, .most_wordings = static_cast<std::size_t>(options.wordings)};
  desk_options.ask = resolved.request.ask;
  desk_options.ask.budget = &budget;
  DecisionDesk desk({*provider, resolved.banks, *database, clock}, desk_options);
  const std::vector<std::string> names = names_of_model(desk.facts().model, resolved.settings.model.value_or(""));
  http::SystemOneApp app(desk, names, utc_day(unix_seconds(clock.now())));

  http::Listener listener(options.host, static_cast<unsigned short>(options.port));
  const unsigned short port = listener.port();
  http::KnownHosts hosts;
  if (const auto own = host_of_authority(url_host(options.host))) hosts.add(*own);
  http::Server server({.hosts = hosts, .handler_threads = kHandlerThreads}, std::move(listener), app, nullptr);
  if (!options.quiet)
    print_note(fmt::format("heretix: {} answers System One at {}/v1/systemone, by up to {} wordings, kept in {}",
                           desk.facts().model, listening_address(options.host, port), options.wordings,
                           resolved.database_path));

  while (!stop_signal().stopping()) std::this_thread::sleep_for(50ms);
  server.stop_listening();
  server.drain(stop_signal().leaving() ? 0s : 10s);
  return kDone;
}

}  // namespace

void register_systemone(CommandTable& table) {
  const auto [systemone, o] = table.add<SystemOneOptions>(
      "systemone", "answer TypeSafe's System One API by what a model believes over wordings (docs/systemone.md)",
      systemone_command);
  systemone
      .add_option("--model", o.flags.model,
                  "the model, named as for run --model; one that writes is asked for words or numbers (default local)")
      ->type_name("MODEL");

  systemone.add_option("--host", o.host, "the address to listen on (default 127.0.0.1)")->type_name("ADDRESS");
  systemone.add_option("--port", o.port, "the port to listen on; 0 takes any free one (default 8765)")
      ->type_name("PORT");

  systemone
      .add_option("--wordings", o.wordings, "the most wordings that an answer rests on: 4, 8, 12 or 16 (default 16)")
      ->type_name("N");
  systemone
      .add_option("--seconds", o.seconds,
                  "how long a request may take; an answer rests on as many wordings as fit, at least 4 (default 8)")
      ->type_name("SECONDS");

  systemone
      .add_option("--api", o.flags.api,
                  "the API of an OpenAI model: responses, or chat, which shows token probabilities")
      ->type_name("API");
  add_mock(systemone, o);
  systemone.add_option("--prompts", o.flags.prompts, "the folder of prompt banks (RPL_PROMPTS_DIR)")
      ->type_name("FOLDER");

  add_base_url(systemone, o);
  add_prices(systemone, o);
  add_store(systemone, o);
  add_spending(systemone, o);
  add_resending(systemone, o);
  systemone.add_flag("-q,--quiet", o.quiet, "do not say where the server listens");
}

}  // namespace heretix
