#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/batch_file.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/expected_cost.hpp"
#include "cli/run_one.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

std::string row_text(const Record& r) {
  const auto& bounds = r.honest.bounds;
  const std::string interval =
      bounds ? fmt::format("[{:.2f}, {:.2f}]", bounds->interval.low.value(), bounds->interval.high.value())
             : "no interval";
  return fmt::format("{:.2f}  {:<13} {:>3}  {}  {}\n", r.estimate.p.value(), interval, r.quality, r.plan.run_id,
                     on_one_line(shortened(r.plan.recipe.claim.text, 60)));
}

// What ends one claim only, and what ends the batch.
bool ends_batch(ErrorKind kind) { return kind != ErrorKind::bad_input && kind != ErrorKind::in_doubt; }

// One model serves all rows that name the same one.
class Providers {
 public:
  Provider& get(const Settings& settings) {
    const std::string name =
        fmt::format("{}|{}|{}|{}|{}|{}|{}", settings.model.value_or("local"), settings.mock.value_or(false),
                    settings.temperature.value_or(-1), settings.base_url.value_or(""), settings.api.value_or(""),
                    settings.reasoning.value_or(""), settings.logprobs.value_or(false));
    auto& provider = made_[name];
    if (!provider) provider = make_provider(settings);
    return *provider;
  }

 private:
  std::map<std::string, std::unique_ptr<Provider>> made_;
};

}  // namespace

int batch_command(const Options& options) {
  const std::vector<BatchEntry> entries = read_batch_file(options.input);
  stop_signal();
  Providers providers;
  std::vector<Resolved> all;
  SecondStore second(options);
  Budget budget = make_budget(options.flags);
  for (const BatchEntry& entry : entries) {
    all.push_back(resolve(options, entry.settings));
    all.back().request.ask.budget = &budget;
    try {
      require_price(budget, providers.get(all.back().settings).facts());
      second.require_fits(plan_check(all.back().request, PromptBanks(all.back().prompts).get(all.back().request.bank),
                                     providers.get(all.back().settings).facts()));
    } catch (const Error& e) { throw Error(e.kind(), fmt::format("{}: {}", entry.place, e.what()), e.hint()); }
  }
  if (all.empty())
    throw Error(ErrorKind::bad_input, fmt::format("{} holds no claim", options.input),
                "one object a line, or one row, with a field 'claim'");
  const auto database = open_harness_file(all[0].database_path, {.access = Access::create});
  std::vector<ClaimToAsk> claims;
  for (const Resolved& resolved : all) claims.push_back({resolved, providers.get(resolved.settings)});
  if (!options.quiet && !options.json) tell_expected_cost(claims, *database);
  int worst = kDone;
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      const Record record = run_one(all[i], providers.get(all[i].settings), *database, progress_of(options));
      second.keep(record, *database, all[0].database_path);
      print_result(options.json ? to_json(record).dump() + "\n" : row_text(record));
      if (options.strict && !gates_passed(record)) worst = std::max(worst, kDifference);
    } catch (const Error& e) {
      const Error told(e.kind(), fmt::format("{}: {}", entries[i].place, e.what()), e.hint());
      const bool handed_over = options.flags.batch.value_or(false) && e.kind() == ErrorKind::stopped;
      if (ends_batch(e.kind()) && (!handed_over || stop_signal().stopping())) throw told;
      print_error(told);
      worst = std::max(worst, exit_code_of(e.kind()));
    }
  }
  return worst;
}

}  // namespace heretix
