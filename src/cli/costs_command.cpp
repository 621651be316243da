#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "measure/costs.hpp"
#include "report/document.hpp"
#include "report/mock_mark.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

struct CostsOptions : CommonOptions {
  std::string since;  // YYYY-MM-DD
};

using nlohmann::json;

json to_json(const CostRow& row) {
  return {{"day", row.day},
          {"provider", row.provider},
          {"model", row.model},
          {"attempts", row.attempts},
          {"answered", row.answered},
          {"not_billed", row.not_billed},
          {"may_be_billed", row.may_be_billed},
          {"without_price", row.without_price},
          {"billed_micro_usd", row.billed.micros()},
          {"billed_usd",
           fmt::format("{}.{:012}", row.billed.picos() / 1'000'000'000'000, row.billed.picos() % 1'000'000'000'000)},
          {"may_be_micro_usd_at_most", row.may_be_at_most.micros()}};
}

// An unknown price is told as unknown, never as zero.
std::string may_be_text(const CostRow& row) {
  if (row.may_be_billed == 0) return "";
  if (row.without_price == row.may_be_billed) return fmt::format("{} (price unknown)", row.may_be_billed);
  const std::string unknown = row.without_price > 0 ? fmt::format(", {} of unknown price", row.without_price) : "";
  return fmt::format("{} (at most {}{})", row.may_be_billed, to_text(row.may_be_at_most), unknown);
}

std::vector<std::string> cells_of(const CostRow& row, const std::string& day, const std::string& model) {
  return {day,
          model,
          std::to_string(row.attempts),
          std::to_string(row.answered),
          std::to_string(row.not_billed),
          to_text(row.billed),
          may_be_text(row)};
}

std::string shown_model(const CostRow& row) {
  const std::string& model = row.model.text();
  const std::string name = model.find('/') == std::string::npos ? row.provider + "/" + model : model;
  return shown_model(ModelName(name), row.provider == "scripted");
}

int costs_command(const CostsOptions& options) {
  if (!options.since.empty()) require_day("--since", options.since);
  const StoredRuns stored = open_for_reading(options);
  const std::vector<CostRow> rows = costs(*stored.database, options.since);
  CostRow total;
  DocumentTable table{{"day (UTC)", "model", "attempts", "answered", "not billed", "billed", "may be billed"}, {}};
  json all = json::array();
  for (const CostRow& row : rows) {
    total += row;
    table.rows.push_back(cells_of(row, row.day, shown_model(row)));
    all.push_back(to_json(row));
  }
  table.rows.push_back(cells_of(total, "total", ""));
  print_either(options.json, {{"rows", all}, {"total", to_json(total)}},
               table_text(table, text_style(read_environment().no_color)));
  return kDone;
}

}  // namespace

void register_costs(CommandTable& table) {
  const auto [costs, o] = table.add<CostsOptions>(
      "costs", "show what was billed, what was certainly not, and what may have been, by model and day", costs_command);
  costs.add_option("--since", o.since, "only from this day on (UTC)")->type_name("YYYY-MM-DD");
  add_store_to_read(costs, o);
  add_json(costs, o);
}

}  // namespace heretix
