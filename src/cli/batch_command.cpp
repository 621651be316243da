#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/batch_file.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/expected_cost.hpp"
#include "cli/run_one.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

struct BatchOptions : MeasuringOptions {
  std::string file;
};

std::string row_text(const Record& r) {
  const auto found = r.belief.interval();
  const std::string interval =
      found ? fmt::format("[{:.2f}, {:.2f}]", found->low.value(), found->high.value()) : "no interval";
  const char* stable = r.agreement.is_stable == false ? "unstable" : "";
  return fmt::format("{:.2f}  {:<13} {:<8}  {}  {}\n", r.belief.p().value(), interval, stable, r.plan.run_id,
                     on_one_line(shortened(r.plan.recipe.claim.text, 60)));
}

// What ends one claim only, and what ends the batch.
bool ends_batch(ErrorKind kind) { return kind != ErrorKind::bad_input && kind != ErrorKind::in_doubt; }

// One provider serves all rows that set it up alike.
class Providers {
 public:
  Provider& get(const Settings& settings) {
    const Settings wanted = provider_settings(settings);
    const auto made = std::ranges::find(made_, wanted, &Made::settings);
    if (made != made_.end()) return *made->provider;
    return *made_.emplace_back(wanted, make_provider(settings)).provider;
  }

 private:
  struct Made {
    Settings settings;
    std::unique_ptr<Provider> provider;
  };
  std::vector<Made> made_;
};

// A row may name a store of its own.
class Stores {
 public:
  Database& get(const std::string& path) {
    auto& database = opened_[path];
    if (!database) database = open_harness_file(path, {.access = Access::create});
    return *database;
  }

 private:
  std::map<std::string, std::unique_ptr<Database>> opened_;
};

void require_one_model_with_price(const std::vector<Resolved>& all) {
  const std::string first = all[0].settings.model.value_or("");
  const auto is_same = [&](const Resolved& one) { return one.settings.model.value_or("") == first; };
  if (!all[0].settings.price || std::ranges::all_of(all, is_same)) return;
  throw Error(ErrorKind::bad_input, "--price is for one model, but the lines name several",
              "put their prices into a file and give it with --prices (docs/models.md)");
}

int batch_command(const BatchOptions& options) {
  const std::vector<BatchEntry> entries = read_batch_file(options.file);
  stop_signal();
  Providers providers;
  std::vector<Resolved> all;
  SecondStore second(options);
  Budget budget = make_budget(options.flags);
  for (const BatchEntry& entry : entries) {
    try {
      all.push_back(resolve(options, entry.settings));
      all.back().request.ask.budget = &budget;
      require_price(budget, providers.get(all.back().settings).facts());
      second.require_fits(all.back(), providers.get(all.back().settings).facts());
    } catch (const Error& e) { throw Error(e.kind(), fmt::format("{}: {}", entry.place, e.what()), e.hint()); }
  }
  if (all.empty())
    throw Error(ErrorKind::bad_input, fmt::format("{} contains no claims", options.file),
                "write one object per line, or one row per claim, with a field 'claim'");
  require_one_model_with_price(all);

  Stores stores;
  std::vector<ClaimToAsk> claims;
  for (const Resolved& resolved : all)
    claims.push_back({resolved, providers.get(resolved.settings), stores.get(resolved.database_path)});
  if (!options.quiet && !options.json) tell_expected_cost(claims);

  int worst = kDone;
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      const auto& [resolved, provider, store] = claims[i];
      const PlannedCheck check = plan_resolved(resolved, provider, store);
      const Record record = run_one(check, resolved, provider, store, progress_of(options));
      second.keep(record, store, resolved.database_path);
      if (options.json) print_result(to_json(record).dump() + "\n");
      else print_text(row_text(record));
      if (options.strict && !gates_passed(record)) worst = std::max(worst, kDifference);
    } catch (const Error& e) {
      const std::string flag = store_flag(claims[i].resolved.database_path);
      const Error told(e.kind(), fmt::format("{}: {}", entries[i].place, e.what()), with_store(e.hint(), flag));
      const bool handed_over = options.flags.batch.value_or(false) && e.kind() == ErrorKind::stopped;
      if (ends_batch(e.kind()) && (!handed_over || stop_signal().stopping())) throw told;
      print_error(told);
      worst = std::max(worst, exit_code_of(e.kind()));
    }
  }
  return worst;
}

}  // namespace

void register_batch(CommandTable& table) {
  const auto [batch, o] = table.add<BatchOptions>(
      "batch", "measure many claims: .jsonl, .csv, or - for JSON lines on standard input", batch_command);
  batch
      .add_option("file", o.file,
                  "one claim per line or row, in the field 'claim', with other configuration fields beside it")
      ->type_name("FILE")
      ->required();
  add_plan_options(batch, o);
  add_ask_options(batch, o);
  o.database_is_second = true;
  add_database(batch, o, "also keep the checks in this Postgres database, in addition to the store");
  add_json(batch, o);
}

}  // namespace heretix
