#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "archive/import.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/databases.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

struct DbImportOptions : CommonOptions {
  std::string file;  // the store
};

using nlohmann::json;

json to_json(const ImportReport& report) {
  json tables = json::array();
  for (const CopyCount& count : report.tables)
    tables.push_back({{"table", count.table}, {"added", count.added}, {"already", count.already}});
  return {{"tables", tables}, {"problems", report.problems}, {"notes", report.notes}};
}

std::string to_text(const ImportReport& report) {
  std::string text = fmt::format("{:<26} {:>9} {:>9}\n", "table", "added", "there");
  for (const CopyCount& count : report.tables)
    text += fmt::format("{:<26} {:>9} {:>9}\n", count.table, count.added, count.already);
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  for (const std::string& problem : report.problems) text += "PROBLEM: " + on_one_line(problem) + "\n";
  return text + (report.problems.empty() ? "every row was read back and is equal\n"
                                         : fmt::format("{} problems\n", report.problems.size()));
}

int db_import_command(const DbImportOptions& options) {
  const auto file = open_harness_file(options.file, {.access = Access::read_only});
  const NamedDatabase named = named_database(options.database);
  const auto target = open_postgres(named);
  const bool is_quiet = options.json || !is_terminal(2);
  const ImportReport report = import_file(*file, *target, {.env = named.env, .tell = [&](const std::string& line) {
                                                             if (!is_quiet) print_note(line);
                                                           }});
  print_either(options.json, to_json(report),
               fmt::format("{} -> {} (env {})\n", options.file, named.address.shown(), named.env) + to_text(report));
  return report.problems.empty() ? kDone : kDifference;
}

}  // namespace

void register_db_import(CommandTable& table, CLI::App& db) {
  const auto [import, o] = table.add_to<DbImportOptions>(
      db, "import", "copy a store's runs, samples and executions into Postgres; a second import adds only what is new",
      db_import_command);
  add_database(import, o, "which database (default: what APP_ENV says, else local)");
  add_json(import, o);
  import.add_option("file", o.file, "the store, e.g. runs/heretix.sqlite")->type_name("FILE")->required();
}

}  // namespace heretix
