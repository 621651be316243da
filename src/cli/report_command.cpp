#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "report/html.hpp"

namespace heretix {
namespace {

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
  for (const std::string& name : options.runs) records.push_back(stored_record(*stored.store, name));
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
