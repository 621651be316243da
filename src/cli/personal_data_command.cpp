// heretix db personal-data: where the service keeps something of a person, and what becomes of it.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "service/privacy/personal_data.hpp"

namespace heretix {
namespace {

using nlohmann::json;

json words_of(std::string_view names) {
  json words = json::array();
  for (const std::string_view name : split(names, ' ')) {
    if (!name.empty()) words.push_back(name);
  }
  return words;
}

double days_of(std::chrono::seconds age) { return static_cast<double>(age.count()) / 86'400; }

json json_of(const PersonalPlace& place) {
  json forgetting = json::array();
  for (const Forgetting& rule : place.forgetting)
    forgetting.push_back({{"rows", rule.rows}, {"after_days", days_of(rule.age)}});
  return {{"kept_in", to_word(place.kept_in)},
          {"table", place.table},
          {"personal", words_of(place.personal)},
          {"other", words_of(place.other)},
          {"on_removal", to_word(place.on_removal)},
          {"is_downloaded", place.withheld != "*" && (!place.of_checks.empty() || !place.of_user.empty())},
          {"withheld", words_of(place.withheld)},
          {"forgetting", forgetting},
          {"note", place.note}};
}

std::string text_of(const PersonalPlace& place) {
  std::string text = fmt::format("{} ({})\n", place.table, to_word(place.kept_in));
  if (!place.personal.empty()) text += fmt::format("  personal: {}\n", place.personal);
  text += fmt::format("  when the account or check is removed: {}\n", to_word(place.on_removal));
  for (const Forgetting& rule : place.forgetting)
    text += fmt::format("  forgotten after {:g} days: {}\n", days_of(rule.age), rule.rows);
  if (!place.note.empty()) text += fmt::format("  {}\n", place.note);
  return text;
}

int db_personal_data_command(const CommonOptions& options) {
  json all = json::array();
  std::string text;
  for (const PersonalPlace& place : personal_places()) {
    all.push_back(json_of(place));
    text += text_of(place);
  }
  print_either(options.json, all, text);
  return kDone;
}

}  // namespace

void register_db_personal_data(CommandTable& table, CLI::App& db) {
  const auto [command, o] = table.add_to<CommonOptions>(
      db, "personal-data", "show where the service keeps personal data, and what removal, download and age do with it",
      db_personal_data_command);
  add_json(command, o);
}

}  // namespace heretix
