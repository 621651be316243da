#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "check/load_record.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "report/html.hpp"

namespace heretix {
namespace {

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw Error(ErrorKind::not_allowed, fmt::format("cannot write {}", path), "name another file by --out");
}

}  // namespace

int report_command(const Options& options) {
  const StoredRuns stored = open_for_reading(options);
  RunStore& runs = *stored.store;
  const std::string run_id = runs.find_run(options.run);
  const auto execution = runs.newest_execution(run_id);
  if (!execution) {
    throw Error(ErrorKind::not_found,
                fmt::format("{} was written by another program, which kept no raw answers to report", run_id),
                fmt::format("heretix show {}", run_id));
  }
  const Record record = load_record(runs, *execution);
  if (options.text || options.json) {
    print_result(options.json ? to_artifact(record).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
                              : forest_text(record, text_style(read_environment().no_color)));
    return kDone;
  }
  const std::string path = options.out.empty() ? run_id + ".html" : options.out;
  if (path == "-") {
    print_result(report_html(record));
  } else {
    write_file(path, report_html(record));
    print_note(fmt::format("written to {}", path));
  }
  return kDone;
}

}  // namespace heretix
