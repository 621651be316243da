#include "cli/left_out.hpp"

#include <fmt/format.h>

#include "cli/advice.hpp"
#include "cli/terminal.hpp"

namespace heretix {

bool holds_measurements(RunStore& store) {
  return store.count(Origin::model) > 0 || store.count_unfinished(Origin::model) > 0;
}

Origin shown_origin(RunStore& store, const CommonOptions& options) {
  if (options.flags.mock.value_or(read_environment().settings.mock.value_or(false))) return Origin::mock;
  return holds_measurements(store) ? Origin::model : Origin::mock;
}

std::size_t mock_left_out(RunStore& store, Origin shown) {
  return shown == Origin::model ? store.count(Origin::mock) + store.count_unfinished(Origin::mock) : 0;
}

void tell_left_out(RunStore& store, Origin shown, const std::string& command, const std::string& store_flag) {
  tell_left_out(mock_left_out(store, shown), command, store_flag);
}

void tell_left_out(std::size_t mock, const std::string& command, const std::string& store_flag) {
  if (mock == 0) return;
  print_note(fmt::format("heretix: {} mock {} left out: {}", mock, mock == 1 ? "run is" : "runs are",
                         with_store(command, store_flag) + " --mock"));
}

}  // namespace heretix
