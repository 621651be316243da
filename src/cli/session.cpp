#include "cli/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>

#include "archive/check_store.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "belief/plan/limits.hpp"
#include "cli/advice.hpp"
#include "cli/databases.hpp"
#include "cli/keys.hpp"
#include "cli/resources.hpp"
#include "cli/terminal.hpp"
#include "models/batch_api.hpp"
#include "models/http/server.hpp"
#include "models/llama/llama_provider.hpp"
#include "models/scripted/scripted_provider.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr std::chrono::milliseconds kModelReadTimeout{5'000};
constexpr int kHostedConcurrency = 100;
constexpr int kHostedMostAtOnce = 1000;
constexpr double kHostedTimeout = 300;  // seconds
constexpr double kShortestTimeout = 0.1;
constexpr double kLongestTimeout = 3600;

StopSignal g_stop;  // global, because a signal handler can reach nothing else

void on_signal(int) { ++g_stop.presses; }

Settings flags_of(const MeasuringOptions& options) {
  Settings flags = options.flags;
  if (options.models.size() > 1) {
    throw Error(ErrorKind::bad_input,
                "only run, batch and calibrate take several models; this command takes --model once",
                "heretix run CLAIM --model A --model B");
  }
  if (!options.models.empty()) flags.model = options.models[0];
  if (!options.seed_text.empty()) flags.seed = parse_seed(options.seed_text, "--seed");
  return flags;
}

void put_on_ladder(Sampling& sampling, double target) {
  sampling.ladder = Ladder{{kLadderRungs.begin(), kLadderRungs.end()}, target};
  sampling.slots = kLadderRungs.back();
  sampling.replicates = 1;
}

Sampling sampling_of(const Settings& s) {
  Sampling sampling;
  if (s.until_width && (s.slots || s.replicates || s.templates))
    throw Error(ErrorKind::bad_input, "until_width asks 8 to 16 templates once each; K, R and T name another plan",
                "give one or the other");
  const bool is_read_off = readout_from(s.readout.value_or("")) != Readout::verbalized;
  if (is_read_off && s.replicates.value_or(1) != 1)
    throw Error(ErrorKind::bad_input,
                fmt::format("R is {}; an answer read off the model has no noise that replicates would average out",
                            *s.replicates),
                "leave -R out; --samples says how often a frequency asks");
  if (is_read_off) sampling.replicates = 1;
  sampling.slots = s.slots.value_or(sampling.slots);
  sampling.replicates = s.replicates.value_or(sampling.replicates);
  sampling.templates = s.templates;
  sampling.draws = s.draws.value_or(sampling.draws);
  sampling.max_output_tokens = s.max_output_tokens.value_or(sampling.max_output_tokens);
  sampling.max_prompt_chars = s.max_prompt_chars.value_or(sampling.max_prompt_chars);
  if (s.until_width) put_on_ladder(sampling, *s.until_width);
  return sampling;
}

void require_plan_is_one(const MeasuringOptions& options) {
  const Settings& f = options.flags;
  if (options.fixed && (f.slots || f.replicates || f.templates)) {
    throw Error(ErrorKind::bad_input, "--fixed names the plan K 8, R 2, T all; -K, -R and -T name another",
                "give one or the other");
  }
  if (f.until_width && options.fixed)
    throw Error(ErrorKind::bad_input, "--fixed names the plan K 8, R 2, T all; --until-width names another",
                "give one or the other");
  if (f.until_width && f.batch.value_or(false))
    throw Error(ErrorKind::bad_input,
                "--until-width looks at the answers between its rungs, but a batch is submitted as a whole",
                "leave out --batch, or name a plan with -K, -R, -T or --fixed");
}

Readout readout_of(const Settings& s) {
  const Readout readout = readout_from(s.readout.value_or(""));
  if (s.samples && readout != Readout::frequency)
    throw Error(ErrorKind::bad_input, "only the readout frequency takes samples",
                "use --readout frequency --samples N");
  if (readout != Readout::verbalized && s.batch.value_or(false))
    throw Error(ErrorKind::bad_input, "a batch API takes only the readout verbalized",
                "leave out --batch or --readout");
  return readout;
}

}  // namespace

bool asks_embedded(const Settings& s) {
  if (s.mock.value_or(false)) return false;
  const std::string model = s.model.value_or("local");
  return model == "local" || (model.starts_with("llama:") && is_default_model(model.substr(6)));
}

// Under the ending of the bank of words so small a model says True or False and little else (docs/prompts.md). Other
// models keep the questions that their stored answers, which may have cost money, were given to.
std::string bank_of(const Settings& s, Readout readout) {
  if (s.prompt_version) return *s.prompt_version;
  return asks_for_a_word(readout) && !s.prompts && asks_embedded(s) ? kWordBank : kQuestionBank;
}

namespace {

// The ladder is used if nothing names a plan and the bank is large enough for it.
bool uses_ladder_by_default(const MeasuringOptions& options, const Settings& s, const PromptBanks& banks) {
  if (options.fixed || !options.config.empty() || s.slots || s.replicates || s.templates || s.until_width ||
      s.batch.value_or(false))
    return false;
  const Readout readout = readout_of(s);
  const PromptBank bank =
      named_bank({.claim = {}, .bank = bank_of(s, readout), .sampling = {}, .readout = readout}, banks);
  if (bank.paraphrases.size() >= static_cast<std::size_t>(kLadderRungs.back())) return true;
  print_note(
      fmt::format("heretix: the bank {} has {} wordings, too few to ask until the interval is narrow; using K 8, R 2",
                  bank.version, bank.paraphrases.size()));
  return false;
}

template <class Number>
Number in_range(const char* name, Number value, Number least, Number most) {
  if (value >= least && value <= most) return value;
  throw Error(ErrorKind::bad_input, fmt::format("{} is {}; it must be from {} to {}", name, value, least, most),
              fmt::format("give a {} in that range", name));
}

bool asks_negation(const Settings& s) {
  const bool asks = s.negation.value_or(true);
  if (!asks && readout_of(s) != Readout::decision)
    throw Error(ErrorKind::bad_input, "only the readout decision asks for negations",
                "leave --no-negation out, or --readout decision");
  return asks;
}

Api api_from(const std::string& word) {
  if (word.empty()) return Api::standard;
  if (word == "responses") return Api::responses;
  if (word == "chat") return Api::chat;
  throw Error(ErrorKind::bad_input, fmt::format("api is '{}'; it must be responses or chat", word));
}

std::unique_ptr<Provider> make_llama(const Settings& settings, std::string path,
                                     std::optional<PulledModel> pulled = {}) {
  LlamaOptions options{.path = std::move(path)};
  options.pulled = std::move(pulled);
  options.temperature = settings.temperature.value_or(options.temperature);
  if (settings.concurrency) options.concurrency = static_cast<std::size_t>(*settings.concurrency);
  return make_llama_provider(options);
}

}  // namespace

const StopSignal& stop_signal() {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return true;
  }();
  (void)installed;
  return g_stop;
}

std::string store_path(const Settings& settings) {
  return settings.db.value_or(is_mock(settings) ? kMockStore : kUsualStore);
}

std::string database_path(const CommonOptions& options) {
  return store_path(merged(options.flags, read_environment().settings));
}

Settings used_settings(const CommonOptions& options) {
  const Settings file = options.config.empty() ? Settings{} : load_config(options.config);
  Settings settings = merged(options.flags, merged(read_environment().settings, file));
  if (!options.models.empty()) settings.model = options.models[0];
  return settings;
}

std::string used_database_path(const CommonOptions& options) { return store_path(used_settings(options)); }

std::string store_flag(const std::string& path) {
  if (path == database_path(CommonOptions{})) return "";
  CommonOptions mock;
  mock.flags.mock = true;
  return path == database_path(mock) ? "--mock" : "--db " + shell_word(path);
}

namespace {

std::unique_ptr<Database> open_to_read(const std::string& path) {
  return open_harness_file(path, {.access = Access::read_only, .busy_timeout = kModelReadTimeout});
}

bool has_run(RunStore& store, const std::string& name) {
  try {
    if (store.find_unfinished(name)) return true;
    store.find_run(name);
    return true;
  } catch (const Error& e) { return e.kind() != ErrorKind::not_found; }
}

bool has_runs(const std::string& path, const std::vector<std::string>& names) {
  std::error_code unseen;
  if (!std::filesystem::exists(path, unseen)) return false;
  const auto database = open_to_read(path);
  RunStore store(*database);
  return std::ranges::all_of(names, [&](const std::string& name) { return has_run(store, name); });
}

// Where neither a store nor a kind of runs is named, a run that the usual store lacks is looked for among mock runs.
std::string store_to_read(const CommonOptions& options, const std::vector<std::string>& runs) {
  const Settings settings = merged(options.flags, read_environment().settings);
  std::string usual = store_path(settings);
  std::error_code unseen;  // what cannot be looked at is told when it is opened
  if (settings.db || settings.mock || !std::filesystem::exists(kMockStore, unseen)) return usual;

  if (std::filesystem::exists(usual, unseen))
    return !runs.empty() && !has_runs(usual, runs) && has_runs(kMockStore, runs) ? kMockStore : usual;
  if (!runs.empty()) return kMockStore;
  print_note(fmt::format("heretix: there are only mock runs so far, in {}", kMockStore));
  return kMockStore;
}

}  // namespace

StoredRuns open_for_reading(const CommonOptions& options, const std::vector<std::string>& runs) {
  if (!options.database.empty()) {
    if (options.flags.db)
      throw Error(ErrorKind::bad_input, "--db names a store, --database a Postgres", "give one or the other");
    auto database = open_postgres(named_database(options.database));
    auto store = std::make_unique<CheckStore>(*database);
    return {std::move(database), std::move(store), database_path(options), store_flag_of(options)};
  }

  const std::string path = store_to_read(options, runs);
  auto database = open_to_read(path);
  auto store = std::make_unique<RunStore>(*database);
  return {std::move(database), std::move(store), path, store_flag(path)};
}

Resolved resolve_for_run(const MeasuringOptions& options) {
  Resolved resolved = resolve(options);
  if (uses_ladder_by_default(options, resolved.settings, resolved.banks))
    put_on_ladder(resolved.request.sampling, kDefaultTarget);
  return resolved;
}

bool allows_questions(const MeasuringOptions& options, const Settings& row) {
  const Settings file = merged(row, options.config.empty() ? Settings{} : load_config(options.config));
  return merged(options.flags, merged(read_environment().settings, file)).allow_question.value_or(false);
}

void require_statement(std::string_view claim, bool allow_question) {
  require_statement(claim, allow_question, "--allow-question measures it as it is");
}

namespace {

// How the embedded model is read unless something else is asked for: one token a wording, and with a narrower interval
// than what it writes.
constexpr Readout kEmbeddedReadout = Readout::token;

// Replicates differ only in what is written, and at temperature 0 one token has all the probability.
bool needs_written_answers(const Settings& s) { return s.replicates.value_or(1) > 1 || s.temperature == 0.0; }

// The name under which results show the embedded model means it too, so that a table of results can be given again.
void use_name_of_embedded(Settings& s) {
  if (s.model && !s.mock.value_or(false) && is_default_model_name(*s.model)) s.model = "local";
}

// A model that writes no text can be read in only one way, so the user does not have to name it.
void use_usual_readout(Settings& s, bool writes) {
  if (s.readout) return;
  const auto hosted = hosted_model(s.model.value_or("local"));
  if (hosted && usual_readout(*hosted) == Readout::decision) s.readout = "decision";
  if (asks_embedded(s) && !writes && !needs_written_answers(s)) s.readout = to_word(kEmbeddedReadout);
}

}  // namespace

Resolved resolve(const MeasuringOptions& options, const Settings& row) { return Resolver(options).resolve(row); }

Resolver::Resolver(const MeasuringOptions& options) : options_(options) {
  require_plan_is_one(options);
  environment_ = read_environment();
  if (!options.config.empty()) file_ = load_config(options.config);
  flags_ = flags_of(options);
}

PromptBanks Resolver::banks_in(const std::string& folder) const {
  return banks_.try_emplace(folder, folder).first->second;
}

Resolved Resolver::resolve(const Settings& row) const {
  const Settings file = merged(row, file_);
  Resolved resolved{
      .settings = merged(flags_, merged(environment_.settings, file)), .request = {}, .database_path = {}};
  use_name_of_embedded(resolved.settings);
  use_usual_readout(resolved.settings, options_.fixed || options_.writes_by_default);
  const Settings& s = resolved.settings;

  if (!s.claim) throw Error(ErrorKind::bad_input, "no claim is given", "heretix run \"Tariffs cause inflation\"");
  require_statement(*s.claim, s.allow_question.value_or(false));

  const Readout readout = readout_of(s);
  resolved.request = {.claim = *s.claim, .bank = bank_of(s, readout), .sampling = sampling_of(s), .readout = readout};

  // A seed is looked up in an order of its own: flag, then file, then environment.
  resolved.request.seed = flags_.seed ? flags_.seed : file.seed;
  if (resolved.request.seed) resolved.request.seed_source = SeedSource::given;
  else if (environment_.seed) resolved.request.seed_source = SeedSource::environment;
  if (!resolved.request.seed) resolved.request.seed = environment_.seed;

  resolved.request.samples = samples_of(s);
  resolved.request.asks_negation = asks_negation(s);
  // A request that cannot be measured is refused before a model is loaded and before any plan is made.
  require_measurable(resolved.request.sampling, resolved.request.readout, resolved.request.samples);

  resolved.request.fresh = options_.fresh;
  resolved.request.raises_limit = !s.max_output_tokens;
  resolved.request.ask.resend_unknown = options_.resend_unknown;
  resolved.request.ask.in_batch = s.batch.value_or(false);

  resolved.database_path = store_path(s);
  require_database_file(resolved.database_path);
  resolved.banks = banks_in(s.prompts.value_or(prompts_folder()));
  resolved.no_color = environment_.no_color;
  resolved.alone = options_.alone;
  return resolved;
}

int samples_of(const Settings& settings) {
  return in_range("samples", settings.samples.value_or(kDefaultSamples), 2, kMaxSamples);
}

PriceList price_list(const Settings& settings) {
  PriceList prices = PriceList::parse(kPricesJson, "the program's price list");
  if (!settings.prices) return prices;
  const auto text = content_of_file(*settings.prices);
  if (!text)
    throw Error(ErrorKind::not_found, fmt::format("cannot read the price list {}", *settings.prices), "check --prices");
  prices.override_by(PriceList::parse(*text, *settings.prices));
  return prices;
}

namespace {

std::unique_ptr<Provider> make_hosted(const HostedModel& model, const Settings& s, Asks asks) {
  const Environment environment = read_environment();
  HostedSettings hosted;
  hosted.key = find_key(*model.provider, environment).key;
  if (hosted.key.empty() && asks == Asks::nothing) hosted.key = "none";  // is sent nowhere
  const auto address = environment.provider_variables.find(std::string(model.provider->base_url_variable));
  if (address != environment.provider_variables.end()) hosted.base_url = address->second;
  hosted.base_url = s.base_url.value_or(hosted.base_url);
  hosted.api = api_from(s.api.value_or(""));
  hosted.optional = {
      .temperature = s.temperature, .effort = s.reasoning.value_or(""), .logprobs = s.logprobs.value_or(false)};
  hosted.concurrency = static_cast<std::size_t>(s.concurrency.value_or(kHostedConcurrency));
  const double timeout = s.timeout.value_or(kHostedTimeout);
  hosted.deadlines = Deadlines::within(std::chrono::milliseconds(std::llround(timeout * 1000)));
  hosted.ca_file = environment.ca_file;
  hosted.in_batch = s.batch.value_or(false);
  hosted.price = s.price.value_or("");
  if (s.temperature) in_range("temperature", *s.temperature, 0.0, 10.0);

  HttpProviderOptions options = hosted_options(model, hosted, price_list(s));
  if (model.provider->server_counts) options.server = ask_which_server(options);
  return std::make_unique<HttpProvider>(std::move(options));
}

}  // namespace

Budget make_budget(const Settings& settings) {
  const auto dollars = [](const char* name, const std::optional<double>& amount) -> std::optional<Usd> {
    if (!amount) return std::nullopt;
    return Usd::from_picos(std::llround(in_range(name, *amount, 0.0, 1'000'000.0) * 1e12));
  };
  return Budget({.command = dollars("budget", settings.budget), .day = dollars("budget-day", settings.budget_day)});
}

void require_price(const Budget& budget, const ProviderFacts& facts) {
  if (!budget.is_limited() || facts.price) return;
  throw Error(ErrorKind::bad_input, fmt::format("a budget cannot be kept for {}: {}", facts.model, facts.cost_note),
              "give its price with --price IN,OUT in dollars per million tokens (e.g. --price 1.25,10) or in a file "
              "with --prices (docs/models.md), or leave the budget out");
}

namespace {

// What people write without its prefix: the path of a file, the name under which results show a local model, and
// "OWNER/REPO-GGUF" as it is copied from a hub's page.
std::string meant_name(const std::string& model) {
  std::error_code unknown;
  if (has_ending(model, ".gguf") || std::filesystem::is_regular_file(model, unknown))
    return fmt::format("did you mean llama:{}? ", model);
  if (model.starts_with("llama/"))
    return "results call a model of this machine so; name its file (llama:FILE.gguf), or local for the embedded one; ";
  const bool is_hub_like =
      std::ranges::count(model, '/') == 1 && to_lower_ascii(model).find("gguf") != std::string::npos;
  return is_hub_like ? fmt::format("did you mean hf:{}? ", model) : "";
}

// What no kind of model takes is refused for a model that has no use for the setting too.
void require_usable_limits(const Settings& settings) {
  if (settings.concurrency) in_range("concurrency", *settings.concurrency, 1, kHostedMostAtOnce);
  if (settings.timeout) in_range("timeout", *settings.timeout, kShortestTimeout, kLongestTimeout);
}

std::unique_ptr<Provider> provider_of(const Settings& settings, Asks asks, Fetching fetching) {
  const std::string model = settings.model.value_or("local");
  require_usable_limits(settings);
  if (settings.price && (!hosted_model(model) || settings.mock.value_or(false)))
    throw Error(ErrorKind::bad_input, fmt::format("--price is for hosted models; {} costs nothing", model),
                "leave --price out");
  if (settings.batch.value_or(false) && (!hosted_model(model) || settings.mock.value_or(false)))
    throw Error(ErrorKind::bad_input, fmt::format("{} has no batch API", model),
                fmt::format("--batch works only with {}; leave it out", providers_with_batches()));

  if (model.starts_with("scripted:")) return std::make_unique<ScriptedProvider>(load_script(model.substr(9)));
  if (settings.mock.value_or(false)) return make_mock_provider(ModelName(settings.model.value_or("mock")));

  if (model == "local") return make_llama(settings, default_model_path());
  if (model.starts_with("llama:")) return make_llama(settings, model.substr(6));
  if (is_hub_name(model)) {
    const HubName name = parse_hub_name(model);
    PulledModel pulled = model_here_or_fetched(name, asks == Asks::nothing ? Fetching::never : fetching);
    std::string path = pulled.path();
    return make_llama(settings, std::move(path), std::move(pulled));
  }

  if (const auto hosted = hosted_model(model)) return make_hosted(*hosted, settings, asks);

  std::string hosted_names;
  for (const HostedProvider& provider : hosted_providers()) hosted_names += fmt::format("{}/NAME, ", provider.name);
  throw Error(ErrorKind::bad_input, fmt::format("there is no model '{}'", model),
              fmt::format("{}name one of local, {}hf:OWNER/REPO, llama:FILE.gguf or scripted:FILE; or use --mock; see "
                          "heretix models",
                          meant_name(model), hosted_names));
}

}  // namespace

// Only settings that surely belong to the plan or the store are left out. One that is forgotten here costs a second
// provider, but never loses its effect.
Settings provider_settings(Settings s) {
  s.claim = s.prompt_version = s.prompts = s.db = std::nullopt;
  s.slots = s.replicates = s.templates = s.draws = s.samples = std::nullopt;
  s.negation = std::nullopt;
  s.max_output_tokens = s.max_prompt_chars = std::nullopt;
  s.seed = std::nullopt;
  s.allow_question = std::nullopt;
  s.until_width = s.budget = s.budget_day = std::nullopt;
  return s;
}

std::unique_ptr<Provider> make_provider(const Settings& settings, Asks asks, Fetching fetching) {
  auto provider = provider_of(settings, asks, fetching);
  require_readable(*provider, readout_of(settings));
  return provider;
}

}  // namespace heretix
