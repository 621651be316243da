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

Record record_named(RunStore& runs, const std::string& name) {
  const std::string run_id = runs.find_run(name);
  const auto execution = runs.newest_execution(run_id);
  if (execution) return load_record(runs, *execution);
  throw Error(ErrorKind::not_found,
              fmt::format("{} was written by another program, which kept no raw answers to report", run_id),
              fmt::format("heretix show {}", run_id));
}

std::string printed(const std::vector<Record>& records, const Options& options) {
  std::string text;
  const TextStyle style = text_style(read_environment().no_color);
  for (const Record& r : records)
    text += options.json ? to_artifact(r).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
                         : forest_text(r, style);
  return text;
}

}  // namespace

int report_command(const Options& options) {
  const StoredRuns stored = open_for_reading(options);
  std::vector<Record> records;
  for (const std::string& name : options.runs) records.push_back(record_named(*stored.store, name));
  if (options.text || options.json) {
    print_result(printed(records, options));
    return kDone;
  }
  const std::string path = options.out.empty() ? stored.store->find_run(options.runs.front()) + ".html" : options.out;
  const std::string page = records.size() == 1 ? report_html(records.front()) : report_html(records);
  if (path == "-") {
    print_result(page);
  } else {
    write_file(path, page);
    print_note(fmt::format("written to {}", path));
  }
  return kDone;
}

}  // namespace heretix
