#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/pulled_models.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMostRuns = 100;
constexpr std::chrono::milliseconds kShortWait{500};  // for a store that is busy; a person waits at the prompt

struct CompletionOptions : CommonOptions {
  std::string shell;
  std::string list;               // what is listed in place of a script
  const CLI::App* app = nullptr;  // the table that a script is made of
};

std::string lines(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + "\n";
  return text;
}

std::vector<std::string> pulled_names() {
  std::vector<std::string> names;
  for (const PulledModel& model : model_cache(read_environment()).list()) names.push_back(model.name.text());
  return names;
}

// What --model may be followed by: the embedded model, those that were fetched, and those of the price list.
std::vector<std::string> model_names() {
  std::vector<std::string> names = {"local"};
  for (const PulledModel& model : model_cache(read_environment()).list()) {
    if (model.is_whole) names.push_back(model.name.text());
  }
  const PriceList prices = price_list(read_environment().settings);
  for (const PriceList::Entry& entry : prices.entries()) {
    if (!entry.is_retired) names.push_back(entry.model);
  }
  for (const char* kind : {"llama:", "hf:", "scripted:"}) names.emplace_back(kind);
  return names;
}

// Newest first. A store that is not there has none.
std::vector<std::string> run_names(const CompletionOptions& options) {
  const std::string path = database_path(options);
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return {};

  const auto database = open_harness_file(path, {.access = Access::read_only, .busy_timeout = kShortWait});
  RunStore store(*database);
  std::vector<Row> rows = store.runs(kMostRuns, Origin::any);
  const bool has_result = !rows.empty();
  std::ranges::move(store.unfinished(kMostRuns, Origin::any), std::back_inserter(rows));
  std::ranges::stable_sort(rows, std::ranges::greater{},
                           [](const Row& row) { return row.integer("created_at").value_or(0); });

  std::vector<std::string> names;
  if (has_result) names.emplace_back(RunStore::kNewest);
  for (const Row& row : rows) names.push_back(row.text_or_empty("run_id"));
  return names;
}

std::vector<std::string> listed(const CompletionOptions& options) {
  if (options.list == "models") return model_names();
  if (options.list == "pulled") return pulled_names();
  if (options.list == "runs") return run_names(options);
  throw Error(ErrorKind::bad_input, fmt::format("there is no list '{}'", options.list), "name models, pulled or runs");
}

int completion_command(const CompletionOptions& options) {
  if (options.list.empty() == options.shell.empty())
    throw Error(ErrorKind::bad_input, options.list.empty() ? "no shell is named" : "--list prints no script",
                "heretix completion bash, zsh or fish");
  print_result(options.list.empty() ? completion_script(*options.app, options.shell) : lines(listed(options)));
  return kDone;
}

}  // namespace

void register_completion(CommandTable& table) {
  const auto [completion, o] = table.add<CompletionOptions>(
      "completion", "print a completion script: source <(heretix completion bash)", completion_command);
  o.app = &table.app();
  completion.add_option("shell", o.shell, "bash, zsh or fish")->type_name("SHELL");
  completion
      .add_option("--list", o.list,
                  "print the words that a script completes instead, one a line: models, pulled (models fetched from a "
                  "hub) or runs (newest first)")
      ->type_name("WHAT");
  add_store(completion, o);
}

}  // namespace heretix
