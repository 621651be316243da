#include "cli/assistant_tools.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "cli/about_model.hpp"
#include "cli/comparing.hpp"
#include "cli/describing.hpp"
#include "cli/listing.hpp"
#include "cli/stored_results.hpp"
#include "report/mock_mark.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {

using mcp::Tool;
using mcp::ToolCall;
using mcp::ToolLane;
using mcp::ToolOutcome;
using nlohmann::json;

namespace {

constexpr const char* kExampleClaim = "A claim.";  // for the options that every measurement starts from
constexpr int kListedByDefault = 20;
constexpr std::size_t kListColumns = 200;  // so that no claim is cut short
constexpr std::chrono::milliseconds kBetweenReports{200};
constexpr double kWaitStep = 1e-6;  // progress has to grow even while nothing is answered

template <class Value>
std::optional<Value> given(const json& arguments, const char* name) {
  if (!arguments.contains(name)) return std::nullopt;
  return arguments[name].get<Value>();
}

bool is_free(const ProviderFacts& facts) { return facts.price && facts.price->is_free(); }

Usd dollars(double amount) { return Usd::from_picos(std::llround(amount * 1e12)); }

// Tells the client how far a measurement has come, if it asked for that.
class ReportedProgress final : public AskObserver {
 public:
  ReportedProgress(const Plan& plan, const Clock& clock, const ToolCall& call)
      : plan_(plan), clock_(clock), report_(call.report) {}

  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) override {
    if (!report_) return;
    questions_ = progress.questions;
    const bool is_last = progress.answered == progress.questions;
    if (progress.answered <= answered_ || (!is_last && clock_.steady() - reported_at_ < kBetweenReports)) return;
    answered_ = progress.answered;
    tell(static_cast<double>(answered_), message_of(progress, answers));
  }

  void on_wait(const std::string& why) override {
    if (!report_ || why == last_wait_) return;
    last_wait_ = why;
    tell(told_ + kWaitStep, why);
  }

 private:
  std::string message_of(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) const {
    std::string message = fmt::format("{} of {} answers", progress.answered, progress.questions);
    if (const auto belief = belief_of(plan_, answers)) {
      message += fmt::format(", p {:.2f} so far", belief->p().value());
      if (const auto interval = belief->interval())
        message += fmt::format(" ({:.2f} to {:.2f})", interval->low.value(), interval->high.value());
    }
    if (progress.billed > Usd()) message += fmt::format(", {} billed", to_text(progress.billed));
    return message;
  }

  void tell(double progress, const std::string& message) {
    told_ = progress;
    reported_at_ = clock_.steady();
    report_({.progress = progress, .total = static_cast<double>(questions_), .message = message});
  }

  const Plan& plan_;
  const Clock& clock_;
  std::function<void(const mcp::ToolProgress&)> report_;
  std::chrono::steady_clock::time_point reported_at_{};
  std::size_t questions_ = 0;
  std::size_t answered_ = 0;
  double told_ = 0;
  std::string last_wait_;
};

json gates_json(const Record& record) {
  json gates = json::array();
  const json all = to_json(record).at("gates");
  for (const json& gate : all) {
    const auto of = std::ranges::find(record.gates, gate.at("name").get<std::string>(), &Gate::name);
    if (of != record.gates.end() && !is_of_frozen_estimate(*of)) gates.push_back(gate);
  }
  return gates;
}

json measured_json(const Record& record, const std::string& store) {
  const auto interval = record.belief.interval();
  json interval_json;
  if (interval) interval_json = {interval->low.value(), interval->high.value()};
  const json belief = to_json(record).at("belief_v2");
  return {{"claim", record.plan.recipe.claim.text},
          {"model", record.plan.recipe.model},
          {"readout", to_word(record.plan.recipe.readout())},
          {"run_id", record.plan.run_id},
          {"execution_id", record.execution.execution_id},
          {"mock", is_mock(record)},
          {"p", belief.at("p")},
          {"interval", interval_json},
          {"stable", belief.value("stable", false)},
          {"verdict", record.belief_verdict},
          {"answers", {{"asked", record.answered}, {"usable", record.usable}, {"from_store", record.from_store}}},
          {"gates", gates_json(record)},
          {"store", store}};
}

}  // namespace

AssistantTools::AssistantTools(MeasuringOptions options) : options_(std::move(options)) {
  options_.quiet = true;  // what a client wants to know of progress, it asks for
  if (!options_.flags.budget && !options_.flags.budget_day) options_.flags.budget_day = kAssistantBudgetDay;
  make_budget(options_.flags);

  MeasuringOptions tried = options_;
  tried.flags.claim = kExampleClaim;
  resolve_for_run(tried);  // so that a mistake is told to the person who starts the server
}

std::vector<Tool> AssistantTools::tools() {
  using Function = std::function<ToolOutcome(const ToolCall&)>;
  const std::map<std::string, Function> functions = {
      {"measure", [this](const ToolCall& call) { return measure(call); }},
      {"describe", [this](const ToolCall& call) { return describe(call); }},
      {"compare", [this](const ToolCall& call) { return compare(call); }},
      {"list", [this](const ToolCall& call) { return list(call); }},
      {"show", [this](const ToolCall& call) { return show(call); }}};

  std::vector<Tool> tools;
  for (const json& definition : json::parse(kMcpToolsJson)) {
    const std::string name = definition.at("name");
    tools.push_back({.definition = definition,
                     .lane = name == "measure" ? ToolLane::asking : ToolLane::reading,
                     .call = functions.at(name)});
  }
  return tools;
}

// A call that names a plan replaces the server's.
MeasuringOptions AssistantTools::measuring_options(const json& arguments) const {
  MeasuringOptions options = options_;
  options.flags.claim = arguments.at("claim").get<std::string>();
  if (const auto model = given<std::string>(arguments, "model")) options.models = {*model};
  if (const auto readout = given<std::string>(arguments, "readout")) options.flags.readout = readout;
  options.fresh = given<bool>(arguments, "fresh").value_or(false);

  const auto width = given<double>(arguments, "until_width");
  const auto templates = given<int>(arguments, "templates");
  const auto replicates = given<int>(arguments, "replicates");
  if (!width && !templates && !replicates) return options;
  options.fixed = false;
  options.flags.until_width = width;
  options.flags.templates = options.flags.slots = templates;
  options.flags.replicates = replicates;
  if (templates && !replicates) options.flags.replicates = 1;
  return options;
}

Provider& AssistantTools::provider_for(const Settings& settings) {
  const Settings wanted = provider_settings(settings);
  if (!loaded_ || loaded_->settings != wanted) {
    loaded_.reset();  // two large models may not fit into memory side by side
    loaded_ = Loaded{wanted, make_provider(settings, Asks::questions, Fetching::never)};
  }
  return *loaded_->provider;
}

// A model that costs nothing needs no budget, and one that costs something is not asked without one.
Budget AssistantTools::budget_of(const json& arguments, const ProviderFacts& facts) const {
  const auto asked = given<double>(arguments, "budget");
  Settings caps = options_.flags;
  if (is_free(facts)) {
    caps.budget = asked;
    caps.budget_day = std::nullopt;
    return make_budget(caps);
  }

  if (!asked)
    throw Error(ErrorKind::bad_input, fmt::format("{} is paid for, and the call gives no budget", facts.model),
                "call describe with the same arguments to see what it would cost, then measure with a budget in US "
                "dollars");
  caps.budget = *asked;
  if (options_.flags.budget) {
    const Usd left = std::max(dollars(*options_.flags.budget) - committed_, Usd());
    caps.budget = std::min(*asked, left.dollars());
  }
  Budget budget = make_budget(caps);
  require_price(budget, facts);
  return budget;
}

Record AssistantTools::record_of(const Resolved& resolved, const ToolCall& call, Database& store, Budget& budget) {
  Provider& provider = *loaded_->provider;
  const PlannedCheck check = plan_resolved(resolved, provider, store);
  const SystemClock clock;
  ReportedProgress progress(check.plan, clock, call);

  // The first press stops sending and waits for what is in flight: it is paid for.
  StopSignal stop{.heeded = &stop_signal()};
  const std::stop_callback on_stop(call.stop, [&stop] { stop.presses = 1; });

  RunStore runs(store);
  try {
    Record record = run_check(check, {resolved.banks, provider, runs, resolved.database_path, clock, stop, progress});
    committed_ += budget.committed();
    return record;
  } catch (const Error& e) {
    committed_ += budget.committed();
    loaded_.reset();  // so that the next call sees a key or a server that was put right meanwhile
    const bool by_server = options_.flags.budget && budget.reached() == Budget::Reached::cap &&
                           committed_ + *budget.cap() > dollars(*options_.flags.budget);
    if (by_server)
      throw Error(e.kind(), e.what(), "the person who runs heretix mcp can start it with a higher --budget");
    if (budget.reached() == Budget::Reached::day_cap)
      throw Error(e.kind(), e.what(),
                  "it goes on after midnight UTC, or the person who runs heretix mcp can start it with a higher "
                  "--budget-day");
    throw;
  }
}

ToolOutcome AssistantTools::measure(const ToolCall& call) {
  Resolved resolved = resolve_for_run(measuring_options(call.arguments));
  parse_claim(resolved.request.claim);
  const ProviderFacts& facts = provider_for(resolved.settings).facts();
  Budget budget = budget_of(call.arguments, facts);
  resolved.request.ask.budget = &budget;

  const auto store = open_harness_file(resolved.database_path, {.access = Access::create});
  const Record record = record_of(resolved, call, *store, budget);

  TextStyle style;
  style.about_model = about_model(record.plan.recipe, *store);
  const Usd billed = Usd::from_micros(std::llround(to_json(record).at("execution").value("billed_micro_usd", 0.0)));
  json measured = measured_json(record, resolved.database_path);
  measured["cost_usd"] = billed.dollars();
  measured["may_be_billed_usd"] = std::max(budget.committed() - billed, Usd()).dollars();
  const std::string text =
      fmt::format("{}\nstored in {} as {}\n", result_text(record, style), resolved.database_path, record.plan.run_id);
  return {.text = text, .structured = std::move(measured)};
}

ToolOutcome AssistantTools::describe(const ToolCall& call) const {
  const Description found = description_of(measuring_options(call.arguments));
  json described = to_json(found);
  described["questions"] = described["questions"].size();  // their keys would fill a page
  const auto usd = [](const std::optional<Usd>& cost) { return cost ? json(cost->dollars()) : json(nullptr); };
  described["expected_cost_usd"] = usd(found.cost.about);
  described["most_cost_usd"] = usd(found.cost.most);
  described["needs_budget"] = !found.is_free;
  return {.text = plan_text(found.plan, found.facts, {}), .structured = std::move(described)};
}

ToolOutcome AssistantTools::compare(const ToolCall& call) const {
  CompareOptions options;
  static_cast<CommonOptions&>(options) = options_;
  options.sides = {call.arguments.at("a").get<std::string>(), call.arguments.at("b").get<std::string>()};
  if (const auto mock = given<bool>(call.arguments, "mock")) options.flags.mock = mock;
  const auto claims = given<std::vector<std::string>>(call.arguments, "claims").value_or(std::vector<std::string>{});

  const auto [differences, is_mock] = compare_stored(options, claims);
  Document document = to_document(differences);
  document.is_mock = is_mock;
  json compared = to_json(differences);
  if (is_mock) mark_as_mock(compared);
  return {.text = to_text(document, TextStyle{}), .structured = std::move(compared)};
}

ToolOutcome AssistantTools::list(const ToolCall& call) const {
  ListOptions options;
  static_cast<CommonOptions&>(options) = options_;
  options.most = given<int>(call.arguments, "most").value_or(kListedByDefault);
  options.claim = given<std::string>(call.arguments, "claim").value_or("");
  options.model = given<std::string>(call.arguments, "model").value_or("");
  options.since = given<std::string>(call.arguments, "since").value_or("");
  if (const auto mock = given<bool>(call.arguments, "mock")) options.flags.mock = mock;

  Listing listing;
  try {
    listing = list_stored(options, kListColumns);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::not_found) throw;
    listing.text = "nothing has been measured yet\n";  // there is no store, which the first measurement makes
  }
  std::string text = listing.text;
  if (listing.found > listing.runs.size())
    text += fmt::format("{} more; ask for more with most\n", listing.found - listing.runs.size());
  if (listing.mock_left_out > 0) text += fmt::format("{} mock runs are left out\n", listing.mock_left_out);
  return {.text = text, .structured = {{"runs", listing.runs}, {"found", listing.found}}};
}

ToolOutcome AssistantTools::show(const ToolCall& call) const {
  StoredRunOptions options;
  static_cast<CommonOptions&>(options) = options_;
  options.run = call.arguments.at("run").get<std::string>();
  Shown shown = show_stored(options, TextStyle{});
  return {.text = std::move(shown.text), .structured = std::move(shown.record)};
}

}  // namespace heretix
