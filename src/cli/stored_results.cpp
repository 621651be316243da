#include "cli/stored_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "archive/load_record.hpp"
#include "base/error.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

[[noreturn]] void throw_not_found(const std::string& name) {
  throw Error(ErrorKind::not_found, fmt::format("no finished execution goes by '{}'", name), "see heretix list");
}

ExecutionRow execution_named(RunStore& runs, const std::string& beginning) {
  std::vector<ExecutionId> found;
  for (const ExecutionHead& e : runs.done_executions()) {
    if (e.execution_id.text().starts_with(beginning)) found.push_back(e.execution_id);
  }
  if (found.empty()) throw_not_found(beginning);
  if (found.size() > 1)
    throw Error(ErrorKind::bad_input, fmt::format("{} executions begin with '{}'", found.size(), beginning),
                "give more of the id");
  return runs.execution(found[0]).value();
}

}  // namespace

ExecutionRow stored_execution(RunStore& runs, const std::string& name) {
  if (name.starts_with("exec-")) return execution_named(runs, name);
  const RunId run_id = runs.find_run(name);
  if (const auto execution = runs.newest_execution(run_id)) return *execution;
  throw Error(ErrorKind::not_found, fmt::format("{} was written by another program, which kept no raw answers", run_id),
              fmt::format("heretix show {}", run_id));
}

Record stored_record(RunStore& runs, const std::string& name) {
  return load_record(runs, stored_execution(runs, name));
}

Record stored_record(RunStore& runs, const ExecutionId& execution) {
  const auto found = runs.execution(execution);
  if (!found || found->status != ExecutionStatus::done) throw_not_found(execution.text());
  return load_record(runs, *found);
}

void write_file(const NamedText& file) {
  std::ofstream written(file.name, std::ios::binary | std::ios::trunc);
  written << file.text;
  written.close();
  if (!written)
    throw Error(ErrorKind::not_allowed, fmt::format("cannot write {}", file.name), "name another file with --out");
}

void mark_as_mock(nlohmann::json& as_json) {
  if (as_json.is_object()) as_json["mock"] = true;
  if (as_json.is_array()) std::ranges::for_each(as_json, &mark_as_mock);
}

void show_document(Document document, nlohmann::json as_json, const CommonOptions& options, bool is_mock) {
  document.is_mock = is_mock;
  if (is_mock) mark_as_mock(as_json);
  print_either(options.json, as_json, to_text(document, text_style(read_environment().no_color)));
  if (options.out.empty()) return;
  write_file({.name = options.out, .text = to_html(document)});
  print_note(fmt::format("written to {}", options.out));
}

}  // namespace heretix
