#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/guarded_main.hpp"
#include "cli/signing.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

// What a function registers, by name.
struct Registration {
  std::array<std::string_view, 3> names;
  void (*run)(CommandTable& table);
};

// In the order of --help.
constexpr std::array kRegistrations = {Registration{{"demo"}, register_demo},
                                       Registration{{"run"}, register_run},
                                       Registration{{"describe"}, register_describe},
                                       Registration{{"batch"}, register_batch},
                                       Registration{{"atlas"}, register_atlas},
                                       Registration{{"list", "show", "answers"}, register_reading},
                                       Registration{{"history"}, register_history},
                                       Registration{{"report"}, register_report},
                                       Registration{{"verify"}, register_verify},
                                       Registration{{"sign"}, register_sign},
                                       Registration{{"simulate"}, register_simulate},
                                       Registration{{"calibrate"}, register_calibrate},
                                       Registration{{"drift"}, register_drift},
                                       Registration{{"serve", "worker"}, register_serve},
                                       Registration{{"systemone"}, register_systemone},
                                       Registration{{"mcp"}, register_mcp},
                                       Registration{{"health"}, register_health},
                                       Registration{{"user", "plan", "usage"}, register_users},
                                       Registration{{"coherence"}, register_coherence},
                                       Registration{{"readouts"}, register_readouts},
                                       Registration{{"probe"}, register_probe},
                                       Registration{{"variance"}, register_variance},
                                       Registration{{"compare"}, register_compare},
                                       Registration{{"db"}, register_db},
                                       Registration{{"export"}, register_export},
                                       Registration{{"costs"}, register_costs},
                                       Registration{{"keys"}, register_keys},
                                       Registration{{"models"}, register_models},
                                       Registration{{"selftest"}, register_selftest},
                                       Registration{{}, register_completion},  // these show the whole table
                                       Registration{{}, register_generated}};

// A fifth of the time that a short command takes went into registering the options of all others, so only what the
// first argument names is registered; all of it where it names nothing.
void register_commands(CommandTable& table, std::string_view first_argument) {
  const auto named = std::ranges::find_if(kRegistrations, [&](const Registration& one) {
    return !first_argument.empty() && std::ranges::find(one.names, first_argument) != one.names.end();
  });
  if (named != kRegistrations.end()) return named->run(table);
  for (const Registration& one : kRegistrations) one.run(table);
}

}  // namespace
}  // namespace heretix

int main(int count, char** arguments) { return heretix::guarded_main(count, arguments, &heretix::register_commands); }
