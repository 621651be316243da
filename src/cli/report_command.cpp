#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "report/html.hpp"

namespace heretix {
namespace {

struct ReportOptions : CommonOptions {
  std::vector<std::string> runs;
  bool text = false;
};

void print_records(const std::vector<Record>& records, const ReportOptions& options) {
  const TextStyle style = text_style(read_environment().no_color);
  for (const Record& r : records) {
    if (options.json) print_either(true, to_artifact(r), "");
    else print_text(forest_text(r, style));
  }
}

int report_command(const ReportOptions& options) {
  const StoredRuns stored = open_for_reading(options, options.runs);
  std::vector<Record> records;
  for (const std::string& name : options.runs) records.push_back(stored_record(*stored.store, name));
  if (options.text || options.json) {
    print_records(records, options);
    return kDone;
  }
  const std::string path =
      options.out.empty() ? stored.store->find_run(options.runs.front()).text() + ".html" : options.out;
  const std::string page = records.size() == 1 ? report_html(records.front()) : report_html(records);
  if (path == "-") {
    print_result(page);
  } else {
    write_file({.name = path, .text = page});
    print_note(fmt::format("written to {}", path));
  }
  return kDone;
}

}  // namespace

void register_report(CommandTable& table) {
  const auto [report, o] = table.add<ReportOptions>(
      "report", "write a run as one self-contained HTML file, or draw it in the terminal", report_command);
  report.add_option("run", o.runs, "a run or execution id, or the beginning of one; several are shown side by side")
      ->type_name("RUN")
      ->required();
  add_store_to_read(report, o);
  add_database(report, o, "read it from this Postgres database instead of the store");
  report.add_option("-o,--out", o.out, "the HTML file (default RUN.html in the current folder; - for standard output)")
      ->type_name("FILE");
  report.add_flag("--text", o.text, "draw a forest plot in the terminal instead");
  add_json(report, o);
}

}  // namespace heretix
