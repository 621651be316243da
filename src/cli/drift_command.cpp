#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/batch_file.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/measuring.hpp"
#include "cli/resources.hpp"
#include "cli/stored_results.hpp"
#include "cli/stored_watch.hpp"
#include "cli/terminal.hpp"
#include "report/mock_mark.hpp"
#include "service/mail/transport.hpp"
#include "studies/drift/drift.hpp"
#include "studies/drift/watch_store.hpp"

namespace heretix {
namespace {

struct DriftOptions : MeasuringOptions {
  DriftOptions() { writes_by_default = true; }

  std::string file;   // empty: the sentinels that come with the program
  std::string watch;  // empty: the file's name
  double alpha = 0.0025;
};

struct BaselineOptions : DriftOptions {
  int baseline_runs = 10;
  bool anew = false;
};

struct DriftCheckOptions : DriftOptions {
  std::string webhook, mail_from;
  std::vector<std::string> mail_to;
  std::string outbox = "runs/outbox";
};

std::string file_of(const DriftOptions& options) { return options.file.empty() ? sentinels_file() : options.file; }

Watch watch_of(const DriftOptions& options) {
  const std::string file = file_of(options);
  Watch watch{.name = options.watch.empty() ? std::filesystem::path(file).stem().string() : options.watch,
              .claims = {}};
  for (const BatchEntry& entry : read_batch_file(file)) {
    const Claim claim = parse_claim(*entry.settings.claim);
    if (std::ranges::any_of(watch.claims, [&](const Claim& c) { return c.text == claim.text; }))
      throw Error(ErrorKind::bad_input, fmt::format("{}: the sentinel appears twice", entry.place),
                  "remove one of the two");
    watch.claims.push_back(claim);
  }
  if (watch.claims.empty())
    throw Error(ErrorKind::bad_input, fmt::format("{} contains no sentinels", file),
                "write one claim per line or row, in the field 'claim'");
  return watch;
}

// Also requires every sentinel to be a statement. A watch that is only shown may hold whatever it was begun with.
Watch watch_to_measure(const DriftOptions& options) {
  for (const BatchEntry& entry : read_batch_file(file_of(options))) {
    try {
      require_statement(*entry.settings.claim, allows_questions(options, entry.settings));
    } catch (const Error& e) { throw Error(e.kind(), fmt::format("{}: {}", entry.place, e.what()), e.hint()); }
  }
  return watch_of(options);
}

// A watch belongs to one model. Another model under its name would look like drift.
void require_same_model(const DriftState& state, const ProviderFacts& asked) {
  const bool is_new = std::ranges::all_of(state.sentinels, [](const SentinelState& s) { return s.x.empty(); });
  const bool is_same = state.model == asked.model && state.is_mock == asked.mode.is_mock();
  if (is_new || !state.model || is_same) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("the watch {} belongs to {}, not to {}", state.watch,
                          shown_model(*state.model, state.is_mock), shown_model(asked.model, asked.mode.is_mock())),
              "name another watch with --watch, or begin a new baseline: heretix drift baseline --anew");
}

// A sentinel that joins late would stay behind the others for ever.
void require_same_sentinels(const DriftState& state) {
  const bool has_checks = std::ranges::any_of(state.sentinels, [](const SentinelState& s) { return s.checks > 0; });
  for (const SentinelState& s : state.sentinels) {
    if (has_checks && s.baseline == 0)
      throw Error(
          ErrorKind::bad_input,
          fmt::format("'{}' is new: the watch {} began without it", shortened(on_one_line(s.claim), 60), state.watch),
          "name another watch with --watch, or begin a new baseline: heretix drift baseline --anew");
  }
}

void measure_once(const Claim& claim, bool is_baseline, Measuring& measuring, WatchStore& store) {
  const Record record = measuring.measure_afresh(claim.text);
  store.add(claim.hash(), {record.execution.execution_id, is_baseline}, record.execution.finished_at);
}

// Sends an alarm once, when it begins. A webhook that fails is reported on stderr, and a mail that cannot be sent yet
// waits in the outbox.
void tell(const DriftState& state, const DriftCheckOptions& options, const Environment& environment) {
  if (state.is_new && !options.webhook.empty()) {
    try {
      post_webhook(options.webhook, to_json(state).dump(), environment.ca_file);
      print_note("heretix: the webhook accepted the alarm");
    } catch (const Error& e) { print_error(e); }
  }

  Outbox box(options.outbox);
  if (state.is_new && !options.mail_to.empty()) {
    const std::string subject =
        fmt::format("Heretix: {}{} in watch {}", state.is_mock ? "(mock) " : "", to_word(state.alarm), state.watch);
    box.put({.from = options.mail_from, .to = options.mail_to, .subject = subject, .body = alarm_text(state)},
            SystemClock());
  }

  // Mails that an earlier check could not send are sent now as well.
  if (box.waiting().empty()) return;
  if (!environment.smtp_url) {
    print_note(fmt::format("heretix: {} mails wait in {}; set HERETIX_SMTP_URL to have them sent", box.waiting().size(),
                           options.outbox));
    return;
  }

  SmtpServer server = parse_smtp_url(*environment.smtp_url);
  server.ca_file = environment.ca_file;
  const Outbox::Delivered done = box.deliver(server);
  if (done.sent > 0) print_note(fmt::format("heretix: {} mails were sent", done.sent));
  for (const std::string& failure : done.failures) print_note("heretix: " + failure);
}

// Wrong addresses are reported before anything is asked.
void require_can_tell(const DriftCheckOptions& options, const Environment& environment) {
  if (options.mail_to.empty() != options.mail_from.empty())
    throw Error(ErrorKind::bad_input, "a mail needs --mail-to and --mail-from", "give both, or neither");
  if (!options.mail_to.empty())
    require_sendable({.from = options.mail_from, .to = options.mail_to, .subject = {}, .body = {}});
  if (environment.smtp_url) parse_smtp_url(*environment.smtp_url);
  if (!options.webhook.empty()) require_webhook_url(options.webhook);
}

std::vector<std::string> texts_of(const Watch& watch, std::size_t times) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < times; ++i) {
    for (const Claim& claim : watch.claims) texts.push_back(claim.text);
  }
  return texts;
}

// Returns the command that makes the baseline of the same watch, model and plan, without the flags that only `check`
// and `show` have.
std::string baseline_command(const DriftOptions& options) {
  constexpr std::array<std::string_view, 6> kWithValue = {"--webhook", "--mail-to", "--mail-from",
                                                          "--outbox",  "-o",        "--out"};
  std::string command = "heretix drift baseline";
  for (std::size_t i = 2; i < options.arguments.size(); ++i) {  // behind "drift check"
    const std::string& argument = options.arguments[i];
    const std::string name = argument.substr(0, argument.find('='));
    if (name == "--json") continue;
    if (std::ranges::find(kWithValue, name) == kWithValue.end()) command += " " + shell_word(argument);
    else if (name == argument) ++i;  // its value is the next argument
  }
  return command;
}

void show_state(const DriftState& state, const DriftOptions& options) {
  show_document(to_document(state, baseline_command(options)), to_json(state), options, state.is_mock);
}

int drift_baseline_command(const BaselineOptions& options) {
  const Watch watch = watch_to_measure(options);
  if (options.baseline_runs < static_cast<int>(kLeastBaselineRuns))
    throw Error(ErrorKind::bad_input,
                fmt::format("--runs is {}; at least {} are needed", options.baseline_runs, kLeastBaselineRuns));

  Measuring measuring(options);
  WatchStore store(measuring.database(), watch.name);

  if (options.anew) {
    store.begin_anew();
  } else {
    const DriftState before = read_state(watch, measuring.database(), options.alpha);
    require_same_model(before, measuring.facts());
    require_same_sentinels(before);
  }

  const auto wanted = static_cast<std::size_t>(options.baseline_runs);
  measuring.tell_cost(texts_of(watch, 1));

  // A baseline that was interrupted goes on where it stopped. A sentinel that was checked since keeps its baseline.
  for (std::size_t run = 0; run < wanted; ++run) {
    for (const Claim& claim : watch.claims) {
      const auto done = store.of(claim.hash());
      const bool has_checks = std::ranges::any_of(done, [](const WatchedExecution& e) { return !e.is_baseline; });
      if (done.size() <= run && !has_checks) measure_once(claim, true, measuring, store);
    }
  }

  const DriftState state = read_state(watch, measuring.database(), options.alpha);
  show_state(state, options);
  return kDone;
}

int drift_check_command(const DriftCheckOptions& options) {
  const Watch watch = watch_to_measure(options);
  const Environment environment = read_environment();
  require_can_tell(options, environment);

  Measuring measuring(options);
  WatchStore store(measuring.database(), watch.name);

  const DriftState before = read_state(watch, measuring.database(), options.alpha);
  if (!before.is_watching)
    throw Error(ErrorKind::bad_input, fmt::format("the watch {} has no complete baseline yet", watch.name),
                baseline_command(options));
  require_same_model(before, measuring.facts());

  measuring.tell_cost(texts_of(watch, 1));

  // A check that was interrupted is completed first, so that all sentinels have the same number of checks.
  std::size_t most = 0;
  for (const SentinelState& s : before.sentinels) most = std::max(most, s.checks);
  const std::size_t wanted = before.values.size() < most ? most : most + 1;

  for (std::size_t i = 0; i < watch.claims.size(); ++i) {
    if (before.sentinels[i].checks < wanted) measure_once(watch.claims[i], false, measuring, store);
  }

  const DriftState state = read_state(watch, measuring.database(), options.alpha);
  show_state(state, options);
  tell(state, options, environment);
  return state.alarm == Alarm::none ? kDone : kDifference;
}

int drift_show_command(const DriftOptions& options) {
  const Watch watch = watch_of(options);
  const StoredRuns stored = open_for_reading(options);
  const DriftState state = read_state(watch, *stored.database, options.alpha);
  show_state(state, options);
  return state.alarm == Alarm::none ? kDone : kDifference;
}

// What all three take.
void add_watch_options(CLI::App& command, DriftOptions& o) {
  command
      .add_option(
          "file", o.file,
          "the sentinels, one claim per line or row, in the field 'claim' (.jsonl or .csv; default: the six that "
          "come with the program)")
      ->type_name("FILE");
  command.add_option("--watch", o.watch, "the watch's name in the store (default: the file's name)")->type_name("NAME");
  command
      .add_option(
          "--alpha", o.alpha,
          "the rate of false alarms: on average at least 1/alpha checks lie between two of them (default 0.0025)")
      ->type_name("X");
  add_page(command, o);
  add_json(command, o);
}

}  // namespace

void register_drift(CommandTable& table) {
  CLI::App& drift = table.add_group("drift", "watch sentinel claims: has the model changed its mind?");

  const auto [baseline, b] = table.add_to<BaselineOptions>(
      drift, "baseline", "measure the sentinels until each has its baseline", drift_baseline_command);
  add_watch_options(baseline, b);
  baseline.add_option("--runs", b.baseline_runs, "baseline runs of each sentinel, at least 10 (default 10)")
      ->type_name("N");
  baseline.add_flag("--anew", b.anew, "begin a new baseline; earlier measurements stay in the store");
  add_plan_options(baseline, b);
  add_ask_options(baseline, b);

  const auto [check, c] = table.add_to<DriftCheckOptions>(
      drift, "check", "measure every sentinel once more; exit with 1 if there is an alarm", drift_check_command);
  add_watch_options(check, c);
  check.add_option("--webhook", c.webhook, "POST an alarm to this URL as JSON when it begins")->type_name("URL");
  check.add_option("--mail-to", c.mail_to, "mail an alarm to this address when it begins; may be given several times")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  check.add_option("--mail-from", c.mail_from, "the sender of these mails")->type_name("ADDRESS");
  check
      .add_option("--outbox", c.outbox,
                  "where mails wait until they are sent through HERETIX_SMTP_URL (default runs/outbox)")
      ->type_name("FOLDER");
  add_plan_options(check, c);
  add_ask_options(check, c);

  const auto [show, s] = table.add_to<DriftOptions>(drift, "show", "show the state of a watch without asking the model",
                                                    drift_show_command);
  add_watch_options(show, s);
  add_store_to_read(show, s);
}

}  // namespace heretix
