#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "check/check_row.hpp"
#include "check/import.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/run_one.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {

SecondStore::SecondStore(const Options& options) : option_(options.database) {
  if (option_.empty()) return;
  named_ = named_database(option_);
  database_ = open_postgres(*named_);
}

void SecondStore::require_fits(const Plan& plan) const {
  if (database_) require_fits_check(plan);
}

void SecondStore::keep(const Record& record, Database& store, const std::string& store_path) {
  if (!database_) return;
  const std::string go_on =
      fmt::format("heretix db import {} --database {}", store_path, named_->name == "given" ? "URL" : named_->name);
  try {
    const ImportReport report =
        import_file(store, *database_, {.env = named_->env, .execution_id = record.execution.execution_id});
    for (const std::string& note : report.notes) print_note(note);
    if (report.problems.empty()) return;
    throw Error(ErrorKind::conflict, report.problems[0], "see " + go_on);
  } catch (const Error& e) {
    throw Error(
        e.kind(),
        fmt::format("the check is kept in {}, but not whole in {}: {}", store_path, named_->address.shown(), e.what()),
        go_on);
  }
}

Record run_one(const Resolved& resolved, Provider& provider, Database& database, bool quiet) {
  const PromptBanks banks(resolved.prompts);
  const SystemClock clock;
  const Plan plan = plan_check(resolved.request, banks.get(resolved.request.bank), provider.facts());
  ProgressLine progress(plan, clock, quiet);
  return run_check(resolved.request,
                   {banks, provider, database, resolved.database_path, clock, stop_signal(), progress});
}

bool gates_passed(const Record& record) {
  return std::ranges::all_of(record.gates, [](const Gate& gate) { return gate.passed(); });
}

int run_command(const Options& options) {
  const Resolved resolved = resolve(options);
  const StopSignal& stop = stop_signal();
  (void)stop;  // from here on a signal stops cleanly
  parse_claim(resolved.request.claim);
  const auto provider = make_provider(resolved.settings);
  const Plan plan = plan_check(resolved.request, PromptBanks(resolved.prompts).get(resolved.request.bank),
                               provider->facts());  // before a file is made
  SecondStore second(options);
  second.require_fits(plan);
  const auto database = open_harness_file(resolved.database_path, {.access = Access::create});
  const Record record = run_one(resolved, *provider, *database, options.quiet || options.json);
  second.keep(record, *database, resolved.database_path);
  if (options.json) {
    print_result(to_json(record).dump(2) + "\n");
  } else {
    print_result(result_text(record, text_style(resolved.no_color)));
    print_note(fmt::format("\nstored in {} as {}\nnext: heretix report {}", resolved.database_path, record.plan.run_id,
                           record.plan.run_id));
  }
  return options.strict && !gates_passed(record) ? kDifference : kDone;
}

}  // namespace heretix
