#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "archive/import.hpp"
#include "cli/about_model.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/expected_cost.hpp"
#include "cli/recalibration.hpp"
#include "cli/run_one.hpp"
#include "cli/statements_together.hpp"
#include "cli/terminal.hpp"
#include "cli/tracing.hpp"
#include "measure/check_row.hpp"
#include "measure/traced_check.hpp"
#include "report/comparison.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {

SecondStore::SecondStore(const CommonOptions& options) : option_(options.database) {
  if (option_.empty()) return;
  named_ = named_database(option_);
  database_ = open_postgres(*named_);
}

void SecondStore::require_fits(const Resolved& resolved, const ProviderFacts& facts) const {
  const PromptBank bank = named_bank(resolved.request, resolved.banks);
  const Plan outline = outline_check(resolved.request, asked_bank(resolved.request, bank), facts);
  if (database_) require_fits_check(outline);
}

void SecondStore::keep(const Record& record, Database& store, const std::string& store_path) {
  if (!database_) return;
  const std::string go_on = fmt::format("heretix db import {} --database {}", shell_word(store_path),
                                        named_->name == "given" ? "URL" : named_->name);
  try {
    const ImportReport report =
        import_file(store, *database_, {.env = named_->env, .execution_id = record.execution.execution_id});
    for (const std::string& note : report.notes) print_note(note);
    if (report.problems.empty()) return;
    throw Error(ErrorKind::conflict, report.problems[0], "see " + go_on);
  } catch (const Error& e) {
    throw Error(e.kind(),
                fmt::format("the check is kept in {}, but only partly in {}: {}", store_path, named_->address.shown(),
                            e.what()),
                go_on);
  }
}

ShowProgress progress_of(const MeasuringOptions& options) {
  if (options.progress_events) return ShowProgress::as_events;
  return options.quiet || options.json ? ShowProgress::never : ShowProgress::on_terminal;
}

Record run_one(const PlannedCheck& check, const Resolved& resolved, Provider& provider, Database& database,
               ShowProgress show) {
  const SystemClock clock;
  ProgressLine progress(check.plan, clock, show);
  return run_one(check, resolved, provider, database, progress);
}

Record run_one(const PlannedCheck& check, const Resolved& resolved, Provider& provider, Database& database,
               AskObserver& observer) {
  const SystemClock clock;
  RunStore runs(database);
  return run_traced_check(check,
                          {resolved.banks, provider, runs, resolved.database_path, clock, stop_signal(), observer});
}

void require_no_option_of_one_model(const MeasuringOptions& options) {
  if (options.flags.price)
    throw Error(ErrorKind::bad_input, "--price is for one model, but several are given",
                "put their prices into a file and give it with --prices (docs/models.md)");
  if (options.flags.base_url)
    throw Error(ErrorKind::bad_input, "--base-url is for one provider, but several models are given",
                "set OPENAI_BASE_URL and the like instead");

  for (auto model = options.models.begin(); model != options.models.end(); ++model) {
    if (std::find(options.models.begin(), model, *model) == model) continue;
    throw Error(ErrorKind::bad_input, fmt::format("--model {} is given twice", *model), "name each model once");
  }
}

bool gates_passed(const Record& record) {
  return std::ranges::all_of(record.gates, [](const Gate& gate) { return gate.passed(); });
}

namespace {

struct RunOptions : MeasuringOptions {
  std::string recalibrate;  // a certificate
  bool verbose = false;
  TraceOptions trace;
};

// One model of the command. All are made ready before any of them is asked.
struct Prepared {
  Resolved resolved;
  std::unique_ptr<Provider> provider;
};

Prepared prepare(const RunOptions& options, const SecondStore& second, Budget& budget) {
  Prepared prepared{resolve_for_run(options), nullptr};
  Resolved& resolved = prepared.resolved;
  parse_claim(resolved.request.claim);
  const Fetching fetching = progress_of(options) == ShowProgress::never ? Fetching::silently : Fetching::on_terminal;
  prepared.provider = make_provider(resolved.settings, Asks::questions, fetching);
  require_price(budget, prepared.provider->facts());
  resolved.request.ask.budget = &budget;
  second.require_fits(resolved, prepared.provider->facts());  // before a file is made
  return prepared;
}

nlohmann::json with_map(const Record& record, const std::optional<RecalibrationMap>& map) {
  nlohmann::json out = to_json(record);
  if (map) out["recalibrated"] = recalibrated_json(*map, record);
  return out;
}

// A measurement and where it is kept: mock answers have a store of their own.
struct MeasuredRun {
  Record record;
  std::string store_path;
  std::string about_model;  // empty: nothing is known of it
};

// Where the measurements are, and what to look at next, by store.
void tell_where(const std::vector<MeasuredRun>& measured) {
  std::vector<std::string> paths;
  std::map<std::string, std::string> ids;
  for (const auto& one : measured) {
    if (!ids.contains(one.store_path)) paths.push_back(one.store_path);
    std::string& here = ids[one.store_path];
    here += (here.empty() ? "" : " ") + one.record.plan.run_id.text();
  }
  for (const std::string& path : paths)
    print_note(fmt::format("\nstored in {} as {}\nnext: {}", path, ids[path],
                           with_store("heretix report " + ids[path], store_flag(path))));
}

void print_measured(const std::vector<MeasuredRun>& measured, const RunOptions& options, bool no_color,
                    const std::optional<RecalibrationMap>& map) {
  std::vector<Record> records;
  for (const MeasuredRun& one : measured) records.push_back(one.record);
  TextStyle style = text_style(no_color);
  style.verbose = options.verbose || options.strict;  // which counts every gate
  const bool as_json = options.json;
  if (as_json && records.size() == 1) {
    print_result(with_map(records[0], map).dump(2) + "\n");
  } else if (as_json) {
    nlohmann::json all = nlohmann::json::array();
    for (const Record& record : records) all.push_back(with_map(record, map));
    print_result(all.dump(2) + "\n");
  } else {
    if (records.size() == 1) {
      style.about_model = measured[0].about_model;
      print_text(result_text(records[0], style, store_flag(measured[0].store_path)));
    } else {
      std::string about;
      for (const MeasuredRun& one : measured) about += one.about_model.empty() ? "" : one.about_model + "\n";
      print_text(comparison_text(records, style) + about);
    }
    if (map) print_text(recalibrated_text(*map, records[0]));
    tell_where(measured);
    if (std::ranges::all_of(records, [](const Record& record) { return is_embedded(record.plan.recipe); }))
      print_note(for_real_measurements());
  }
}

int run_command(const RunOptions& options) {
  stop_signal();  // from here on a signal stops the command cleanly
  const CommandTrace trace(options.trace, "heretix run");

  SecondStore second(options);
  Budget budget = make_budget(options.flags);

  // Every model is made ready before the first is asked, so that a mistake in the last one costs nothing.
  std::vector<Prepared> models;
  for (const RunOptions& one : one_for_each_model(options)) models.push_back(prepare(one, second, budget));

  const auto map = recalibration_of(options.recalibrate);
  for (const Prepared& model : models) {
    const CheckRequest& request = model.resolved.request;
    const ProviderFacts& facts = model.provider->facts();
    if (map)
      require_fits(*map, facts.model, facts.mode.is_mock(), readout_name(request.readout, request.asks_negation));
  }

  std::map<std::string, std::unique_ptr<Database>> stores;
  for (const Prepared& model : models) {
    auto& store = stores[model.resolved.database_path];
    if (!store) store = open_harness_file(model.resolved.database_path, {.access = Access::create});
  }

  const bool no_color = models.front().resolved.no_color;
  std::vector<MeasuredRun> measured;
  for (Prepared& model : models) {
    try {
      Provider& provider = *model.provider;
      const std::string& path = model.resolved.database_path;
      Database& store = *stores.at(path);
      const PlannedCheck check = plan_resolved(model.resolved, provider, store);
      if (!options.quiet && !options.json) tell_expected_cost(check, model.resolved, provider, store);
      Record record = run_one(check, model.resolved, provider, store, progress_of(options));
      std::string about = about_model(record.plan.recipe, store);
      measured.push_back({std::move(record), path, std::move(about)});
      second.keep(measured.back().record, store, path);
    } catch (const Error& e) {
      // The results of the models before it are not lost.
      if (!measured.empty()) print_measured(measured, options, no_color, map);
      throw;
    }
  }
  print_measured(measured, options, no_color, map);
  const bool passed = std::ranges::all_of(measured, [](const MeasuredRun& one) { return gates_passed(one.record); });
  return options.strict && !passed ? kDifference : kDone;
}

}  // namespace

void register_run(CommandTable& table) {
  const auto [run, o] = table.add<RunOptions>("run", "measure what a model believes about a claim", run_command);
  add_claim(run, o.flags.claim, "one statement; it can also be given in --config");
  add_ladder_option(run, o);
  add_recalibration(run, o.recalibrate);
  add_verbose(run, o.verbose);
  add_plan_options(run, o);
  add_ask_options(run, o);
  o.database_is_second = true;
  add_database(
      run, o,
      "also keep the check in this Postgres database, in addition to the store (DATABASE_URL, DATABASE_URL_PROD)");
  add_tracing(run, o.trace);
  add_json(run, o);
}

}  // namespace heretix
