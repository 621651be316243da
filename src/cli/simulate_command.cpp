#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "studies/simulate/study.hpp"

namespace heretix {
namespace {

struct SimulateOptions : CommonOptions {
  std::string study, seed_text;
  std::optional<int> draws;
  double scale_factor = 1;
  bool markdown = false;
};

constexpr std::uint64_t kPublishedSeed = 20261123;  // of the tables in docs/statistics.md

const NamedStudy& study_named(const std::string& name) {
  const auto found = std::ranges::find(studies(), name, &NamedStudy::name);
  if (found != studies().end()) return *found;
  std::string names;
  for (const NamedStudy& study : studies()) names += (names.empty() ? "" : ", ") + study.name;
  throw Error(ErrorKind::bad_input, fmt::format("there is no study '{}'", name), "one of: " + names);
}

StudyOptions options_of(const NamedStudy& study, const SimulateOptions& options) {
  StudyOptions made{.seed = options.seed_text.empty() ? kPublishedSeed : parse_seed(options.seed_text, "--seed")};
  made.runs = options.draws.value_or(study.default_runs);
  if (made.runs < 1 || made.runs > 10'000'000)
    throw Error(ErrorKind::bad_input, fmt::format("--draws is {}; it must be from 1 to 10000000", made.runs));
  made.threads = std::max(1U, std::thread::hardware_concurrency());
  made.scale_factor = options.scale_factor;
  if (!(made.scale_factor > 0 && made.scale_factor <= 10))
    throw Error(ErrorKind::bad_input,
                fmt::format("--scale is {}; it must be above 0 and at most 10", made.scale_factor));
  if (!options.quiet && is_terminal(2)) {
    made.progress = [name = study.name](std::size_t done, std::size_t all) {
      print_aside(fmt::format("\r{} {}/{} rows{}", name, done, all, done == all ? "\n" : ""));
    };
  }
  return made;
}

nlohmann::json as_json(const Study& study, const StudyOptions& options) {
  nlohmann::json rows = nlohmann::json::array();
  for (const StudyRow& row : study.rows) {
    nlohmann::json added;
    for (std::size_t i = 0; i < study.header.size(); ++i) added[study.header[i]] = row.cells[i];
    rows.push_back({{"row", added}, {"judged", row.judged}, {"holds", row.holds}});
  }
  return {{"format", "heretix_study"},
          {"version", 1},
          {"study", study.name},
          {"promise", study.promise},
          {"holds", study.holds()},
          {"draws", options.runs},
          {"seed", std::to_string(options.seed)},
          {"scale_factor", options.scale_factor},
          {"rows", rows}};
}

int simulate_command(const SimulateOptions& options) {
  const NamedStudy& named = study_named(options.study);
  const StudyOptions study_options = options_of(named, options);
  const Study study = named.run(study_options);
  if (options.markdown) print_result(to_markdown(study, study_options));
  else show_document(to_document(study, study_options), as_json(study, study_options), options, false);
  return study.holds() ? kDone : kDifference;
}

}  // namespace

void register_simulate(CommandTable& table) {
  const auto [simulate, o] = table.add<SimulateOptions>(
      "simulate", "count on simulated claims whether the statistics keep what they promise; exit with 1 if they do not",
      simulate_command);
  simulate.add_option("study", o.study, "coverage, belief, stopping, drift, calibration, coherence or decisions")
      ->type_name("STUDY")
      ->required();
  simulate
      .add_option("--draws", o.draws, "the number of draws of each row (default: what docs/statistics.md publishes)")
      ->type_name("N");
  simulate.add_option("--seed", o.seed_text, "the seed (default 20261123, as in docs/statistics.md)")->type_name("N");
  simulate.add_option("--scale", o.scale_factor, "a factor for the interval's constants, for coverage (default 1)")
      ->type_name("X");
  simulate.add_flag("--markdown", o.markdown, "print the table as Markdown");
  simulate.add_flag("-q,--quiet", o.quiet, "show no progress line");
  add_page(simulate, o);
  add_json(simulate, o);
}

}  // namespace heretix
