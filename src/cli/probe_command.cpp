#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "belief/record/stored_config.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/pulled_models.hpp"
#include "cli/resources.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "models/hosted.hpp"
#include "models/scripted/scripted_provider.hpp"
#include "store/sqlite/harness_file.hpp"
#include "studies/probe/profile_store.hpp"
#include "studies/probe/run_probe.hpp"

namespace heretix {
namespace {

struct ProbeOptions : MeasuringOptions {
  bool stored = false;
  std::optional<int> repeats;
};

constexpr const char* kProbePlaceholder = "A claim.";  // for the settings; a probe has claims of its own

// How far the probe is, in one line on a terminal.
class ProbeLine final : public AskObserver {
 public:
  explicit ProbeLine(bool shows) : shows_(shows && is_terminal(STDERR_FILENO)) {}
  ~ProbeLine() override { clear(); }
  ProbeLine(const ProbeLine&) = delete;
  ProbeLine& operator=(const ProbeLine&) = delete;

  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& /*answers*/) override {
    if (!shows_) return;
    std::string line = fmt::format("{} of {} answers", progress.answered, progress.questions);
    if (progress.retries > 0) line += fmt::format("  {} retries", progress.retries);
    if (progress.billed > Usd()) line += fmt::format("  ${:.6f}", progress.billed.dollars());
    clear();
    print_aside(line);
  }
  void on_wait(const std::string& why) override {
    if (why == last_wait_) return;
    last_wait_ = why;
    clear();
    print_note(fmt::format("heretix: {}", on_one_line(why)));
  }

 private:
  void clear() const {
    if (shows_) print_aside("\r\x1b[K");
  }
  bool shows_;
  std::string last_wait_;
};

ModelName name_of_file(const std::string& path) {
  return ModelName("llama/" + std::filesystem::path(path).stem().string());
}

// What a stored profile may call the model, without a server being asked or a model being loaded.
ModelName name_in_store(const std::string& model, bool is_mock) {
  if (is_mock) return ModelName(model);
  if (model.starts_with("scripted:")) return load_script(model.substr(9)).model;
  if (model == "local") return name_of_file(default_model_path());
  if (model.starts_with("llama:")) return name_of_file(model.substr(6));
  if (is_hub_name(model)) return name_of_file(model_here_or_fetched(parse_hub_name(model), Fetching::never).path());
  const auto hosted = hosted_model(model);
  return hosted ? hosted->hashed : ModelName(model);
}

int show_stored(const ProbeOptions& options) {
  const Environment environment = read_environment();
  const std::string& given = options.flags.model.value();
  const bool in_its_name = options.flags.mock.value_or(environment.settings.mock.value_or(false));
  const auto database = open_harness_file(database_path(options), {.access = Access::read_only});
  const std::vector<Profile> found = ProfileStore(*database).of_model(name_in_store(given, in_its_name));
  if (found.empty())
    throw Error(ErrorKind::not_found, fmt::format("the store has no profile of {}", given),
                fmt::format("heretix probe {} makes one", shell_word(given)));

  show_document(to_document(found[0]), to_json(found[0]), options, is_mock_mode(found[0].mode));
  for (std::size_t i = 1; i < found.size(); ++i)
    print_note(fmt::format("another profile of {} was made at {} with {}; it is older", given,
                           found[i].address.empty() ? "no server" : found[i].address, found[i].mode));
  return kDone;
}

ProbeOptions for_a_probe(ProbeOptions options) {
  options.flags.claim = kProbePlaceholder;
  options.flags.readout = std::string(to_word(Readout::decision));
  return options;
}

void tell_cost(const ProbeOutline& outline, const ProviderFacts& facts) {
  if (facts.mode.is_mock() || (facts.price && facts.price->is_free())) return;
  const std::string cost = outline.most ? fmt::format("at most ${:.4f}", outline.most->dollars())
                                        : fmt::format("unknown: {} (--price, --prices)", facts.cost_note);
  print_note(fmt::format("asking {} up to {} statements, and more if noise calls for it; cost: {}", facts.model,
                         outline.questions, cost));
}

int probe_command(const ProbeOptions& given) {
  if (given.stored) return show_stored(given);

  stop_signal();  // from here on a signal stops cleanly
  const ProbeOptions options = for_a_probe(given);
  const Resolved resolved = resolve(options);
  const PromptBank named = named_bank(resolved.request, resolved.banks);
  ProbeRequest request{.bank = asked_bank(resolved.request, named),
                       .repeats = options.repeats.value_or(kDefaultProbeRepeats),
                       .fresh = options.fresh,
                       .ask = resolved.request.ask};
  const auto provider = make_provider(resolved.settings);
  Budget budget = make_budget(options.flags);
  require_price(budget, provider->facts());
  request.ask.budget = &budget;
  const ProbeOutline outline = outline_probe(request, *provider);  // before a file is made
  const bool is_quiet = options.quiet || options.json;
  if (!is_quiet) tell_cost(outline, provider->facts());

  const auto database = open_harness_file(resolved.database_path, {.access = Access::create});
  const SystemClock clock;
  ProbeLine line(!is_quiet);
  const Profile profile = run_probe(request, {*provider, *database, clock, stop_signal(), line});
  show_document(to_document(profile), to_json(profile), options, provider->facts().mode.is_mock());
  if (!is_quiet) print_note(fmt::format("\nkept in {} as {}", resolved.database_path, profile.probe_id));
  return kDone;
}

}  // namespace

void register_probe(CommandTable& table) {
  const auto [probe, o] = table.add<ProbeOptions>(
      "probe", "find out what kind of instrument a model is that states probabilities (docs/probe.md)", probe_command);
  probe
      .add_option("model", o.flags.model,
                  "the model, named as for run --model, e.g. openai/NAME, gemini/NAME, typesafe/NAME, openrouter/NAME, "
                  "systemone/NAME")
      ->type_name("MODEL")
      ->required();

  probe.add_flag("--stored", o.stored, "show the newest stored profile without asking the model");
  probe.add_option("--repeats", o.repeats, "how often each question is asked, from 2 to 50 (default 3)")
      ->type_name("N");

  add_mock(probe, o);
  add_bank(probe, o);
  add_base_url(probe, o);
  add_prices(probe, o);
  add_store(probe, o);
  add_spending(probe, o);

  probe.add_flag("--fresh", o.fresh, "begin again, even if a probe of the model was stopped half-way");
  add_resending(probe, o);

  probe.add_flag("-q,--quiet", o.quiet, "show no progress line");
  add_page(probe, o);
  add_json(probe, o);
}

}  // namespace heretix
