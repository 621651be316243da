#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "belief/selftest/selftest.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/resources.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

struct SelftestOptions : CommonOptions {
  std::string folder;
};

using nlohmann::json;

json result_json(const FileResult& file) {
  json sections = json::array();
  for (const SectionResult& s : file.sections) {
    sections.push_back(
        {{"name", s.name}, {"equal", s.equal}, {"different", s.different}, {"first_differences", s.first_differences}});
  }
  return {{"file", file.file}, {"equal", file.equal()}, {"different", file.different()}, {"sections", sections}};
}

std::string result_lines(const FileResult& file) {
  std::string text;
  for (const SectionResult& s : file.sections) {
    text += fmt::format("{:<10} {:<32} {:>6} equal  {:>4} different\n", file.file, s.name, s.equal, s.different);
    for (const std::string& d : s.first_differences)
      text += fmt::format("  DIFFERENT: {}\n", on_one_line(shortened(d, 200)));
  }
  return text;
}

int selftest_command(const SelftestOptions& options) {
  const std::vector<FileResult> results = recompute_folder(options.folder.empty() ? golden_folder() : options.folder);
  std::size_t equal = 0, different = 0;
  json files = json::array();
  std::string text;
  for (const FileResult& file : results) {
    equal += file.equal();
    different += file.different();
    files.push_back(result_json(file));
    text += result_lines(file);
  }
  text += fmt::format("{} equal, {} different\n", equal, different);
  print_either(options.json, {{"equal", equal}, {"different", different}, {"files", files}}, text);
  return different == 0 ? kDone : kDifference;
}

}  // namespace

void register_selftest(CommandTable& table) {
  const auto [selftest, o] = table.add<SelftestOptions>(
      "selftest", "recompute golden numbers that were made elsewhere, and count the differences", selftest_command);
  selftest.add_option("folder", o.folder, "the folder of golden files (default: the installed copy)")
      ->type_name("FOLDER");
  add_json(selftest, o);
}

}  // namespace heretix
