#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/guarded_main.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

// In the order of --help.
void register_commands(CommandTable& table) {
  register_run(table);
  register_describe(table);
  register_batch(table);
  register_reading(table);
  register_report(table);
  register_verify(table);
  register_simulate(table);
  register_calibrate(table);
  register_drift(table);
  register_serve(table);
  register_health(table);
  register_users(table);
  register_coherence(table);
  register_readouts(table);
  register_probe(table);
  register_variance(table);
  register_compare(table);
  register_db(table);
  register_export(table);
  register_costs(table);
  register_keys(table);
  register_models(table);
  register_selftest(table);
  register_generated(table);
}

}  // namespace
}  // namespace heretix

int main(int count, char** arguments) { return heretix::guarded_main(count, arguments, &heretix::register_commands); }
