#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/measuring.hpp"
#include "cli/stored_results.hpp"
#include "studies/compare/readouts.hpp"

namespace heretix {

namespace {

int readouts_command(const MeasuringOptions& options) {
  if (options.flags.readout)
    throw Error(ErrorKind::bad_input, "readouts reads the model in every way it supports",
                "heretix run CLAIM --readout NAME reads it in one way");

  const std::string claim = parse_claim(options.flags.claim.value_or("")).text;
  require_statement(claim, allows_questions(options));
  const int samples = samples_of(options.flags);

  // Samples belong to a frequency alone, and a plan with another readout is refused where they are set.
  MeasuringOptions plan = options;
  plan.flags.samples.reset();
  plan.writes_by_default = true;  // the plan is that of written answers, also for the embedded model
  Measuring measuring(plan);

  std::vector<Readout> readouts;
  std::vector<std::pair<Readout, std::string>> left_out;
  for (const Readout readout : kReadouts) {
    const std::string why = measuring.provider().why_not(readout);
    if (!why.empty()) left_out.emplace_back(readout, why);
    else readouts.push_back(readout);
  }

  measuring.tell_cost(claim, readouts, samples);
  std::vector<MeasuredReadout> measured;
  for (const Readout readout : readouts) measured.push_back({readout, measuring.measure_by(readout, claim, samples)});

  const ReadoutComparison comparison = compare_readouts(std::move(measured), std::move(left_out));
  show_document(to_document(comparison), to_json(comparison), options, measuring.facts().mode.is_mock());
  return options.strict && comparison.differs() ? kDifference : kDone;
}

}  // namespace

void register_readouts(CommandTable& table) {
  const auto [readouts, o] = table.add<MeasuringOptions>(
      "readouts", "show whether the belief that the model writes agrees with the one read off its tokens",
      readouts_command);
  add_claim(readouts, o.flags.claim, "one statement").required();
  add_plan_options(readouts, o);
  add_ask_options(readouts, o, "exit with 1 if two readouts differ");
  add_page(readouts, o);
  add_json(readouts, o);
}

}  // namespace heretix
