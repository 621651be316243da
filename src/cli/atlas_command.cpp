#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "archive/stored_wordings.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/result_table.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "studies/atlas/atlas.hpp"

namespace heretix {
namespace {

constexpr const char* kByDisagreement = "disagreement";
constexpr const char* kByClaim = "claim";
constexpr std::size_t kMostNamed = 8;  // of what a set has, in a message

struct AtlasOptions : CommonOptions {
  std::string set;  // a file
  ResultColumns columns;
  std::vector<std::string> only_models, only_tags, only_gates;
  std::string sort = kByDisagreement;
  std::size_t rows = AtlasView().most;
};

std::string named(const std::set<std::string>& names) {
  std::vector<std::string> first;
  for (const std::string& name : names) {
    if (first.size() == kMostNamed) return fmt::format("{}, …", fmt::join(first, ", "));
    first.push_back(on_one_line(shortened(name, 40)));
  }
  return first.empty() ? "none" : fmt::format("{}", fmt::join(first, ", "));
}

// Every name that was asked for has to be one that the set has.
void require_known(const std::vector<std::string>& wanted, const std::set<std::string>& names, const char* option,
                   const char* what) {
  for (const std::string& name : wanted) {
    if (names.contains(name)) continue;
    throw Error(ErrorKind::bad_input,
                fmt::format("{} '{}': no row of the set has this {}", option, on_one_line(name), what),
                fmt::format("the set has: {}", named(names)));
  }
}

using Names = std::set<std::string>;

bool holds_any(const std::vector<std::string>& held, const Names& wanted) {
  return std::ranges::any_of(held, [&](const std::string& one) { return wanted.contains(one); });
}

Names as_set(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

// The rows that are asked for: of these models; of claims with one of these tags; of claims at which one of these gates
// failed for such a model.
std::vector<AtlasRow> wanted_rows(std::vector<AtlasRow> rows, const AtlasOptions& options) {
  std::set<std::string> models, tags, gates;
  for (const AtlasRow& row : rows) {
    models.insert(row.model.text());
    tags.insert(row.tags.begin(), row.tags.end());
    gates.insert(row.gates_failed.begin(), row.gates_failed.end());
  }
  require_known(options.only_models, models, "--model", "model");
  require_known(options.only_tags, tags, "--tag", "tag");
  require_known(options.only_gates, gates, "--gate", "failed gate");

  const Names of_models = as_set(options.only_models), of_tags = as_set(options.only_tags);
  std::erase_if(rows, [&](const AtlasRow& row) {
    const bool is_other_model = !of_models.empty() && !of_models.contains(row.model.text());
    return is_other_model || (!of_tags.empty() && !holds_any(row.tags, of_tags));
  });
  if (options.only_gates.empty()) return rows;

  Names claims;
  for (const AtlasRow& row : rows) {
    if (holds_any(row.gates_failed, as_set(options.only_gates))) claims.insert(row.claim);
  }
  std::erase_if(rows, [&](const AtlasRow& row) { return !claims.contains(row.claim); });
  return rows;
}

// Without a store that was named there may be none: then nothing is known about the wordings, and the report says so.
std::optional<StoredRuns> store_of(const AtlasOptions& options, const ExecutionId& first) {
  try {
    return open_for_reading(options, {first.text()});
  } catch (const Error& e) {
    const bool is_named = options.flags.db || !options.database.empty();
    if (e.kind() != ErrorKind::not_found || is_named) throw;
    return std::nullopt;
  }
}

AtlasWordings wordings_of(const std::vector<AtlasRow>& rows, const AtlasOptions& options) {
  std::vector<ExecutionId> executions;
  for (const AtlasRow& row : rows) {
    if (row.p && row.execution_id) executions.push_back(*row.execution_id);
  }
  AtlasWordings wordings{.texts = {}, .by_execution = {}};
  if (executions.empty()) return wordings;
  const std::optional<StoredRuns> stored = store_of(options, executions.front());
  if (!stored) return wordings;

  std::unordered_map<std::string, int> numbers;
  read_stored_wordings(
      *stored->store, executions, [&](const ExecutionId& execution, const std::vector<StoredWording>& found) {
        auto& values = wordings.by_execution[execution];
        if (!values.empty()) return;
        for (const StoredWording& one : found) {
          const auto [place, is_new] = numbers.emplace(one.wording, static_cast<int>(wordings.texts.size()));
          if (is_new) wordings.texts.push_back(one.wording);
          values.push_back({place->second, one.value});
        }
      });
  return wordings;
}

AtlasView view_of(const Atlas& atlas, const AtlasOptions& options) {
  AtlasView view{.most = options.rows};
  if (options.sort == kByDisagreement) return view;
  if (options.sort == kByClaim) {
    view.order = AtlasOrder::claim;
    return view;
  }
  const auto model = std::ranges::find(atlas.models, options.sort, &AtlasModel::label);
  if (model == atlas.models.end()) {
    std::set<std::string> labels;
    for (const AtlasModel& one : atlas.models) labels.insert(one.label);
    throw Error(
        ErrorKind::bad_input,
        fmt::format("--sort '{}' is neither disagreement, claim nor a model of the set", on_one_line(options.sort)),
        fmt::format("the models are: {}", named(labels)));
  }
  view.order = AtlasOrder::model;
  view.model = static_cast<std::size_t>(model - atlas.models.begin());
  return view;
}

int atlas_command(const AtlasOptions& options) {
  std::vector<AtlasRow> rows = wanted_rows(read_result_table(options.set, options.columns), options);
  if (rows.empty())
    throw Error(ErrorKind::bad_input, "no row of the set has that model, tag and gate",
                "leave out --model, --tag or --gate");
  const AtlasWordings wordings = wordings_of(rows, options);
  const Atlas atlas = make_atlas(std::move(rows), wordings);

  if (options.json) {
    print_result(to_json(atlas).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    Document document = to_document(atlas, view_of(atlas, options));
    document.is_mock = atlas.is_mock();
    print_text(to_text(document, text_style(read_environment().no_color)));
  }
  if (options.out.empty()) return kDone;
  write_file({.name = options.out, .text = atlas_html(atlas)});
  print_note(fmt::format("written to {}", options.out));
  return kDone;
}

}  // namespace

void register_atlas(CommandTable& table) {
  const auto [atlas, o] = table.add<AtlasOptions>(
      "atlas", "show many claims by several models as one table, and what it says as a whole", atlas_command);
  atlas.add_option("set", o.set, "a table of results: heretix batch claims.csv -o results.csv (or .jsonl)")
      ->type_name("FILE")
      ->required();

  const auto several = [&, &command = atlas](const char* name, std::vector<std::string>& values, const char* what,
                                             const char* type) {
    command.add_option(name, values, what)->type_name(type)->allow_extra_args(false);
  };

  atlas
      .add_option("--sort", o.sort,
                  "order of the claims: disagreement (the default), claim, or a model's name for what it says")
      ->type_name("ORDER");
  atlas.add_option("--rows", o.rows, "how many claims the table in the terminal shows (default 20; 0 is all of them)")
      ->type_name("N");

  several("--model", o.only_models, "only this model; may be given several times", "MODEL");
  several("--tag", o.only_tags, "only claims with this tag; may be given several times", "TAG");
  several("--gate", o.only_gates, "only claims at which this gate failed; may be given several times", "GATE");

  atlas.add_option("--truth", o.columns.truth, "the column that says whether a claim is true (default truth)")
      ->type_name("COLUMN");
  several("--tags", o.columns.tags,
          "a column of tags; may be given several times (default: tags, tag, topic, field and level)", "COLUMN");

  add_store_to_read(atlas, o);
  add_database(atlas, o, "read what the wordings said from this Postgres database instead of the store");
  add_page(atlas, o);
  add_json(atlas, o);
}

}  // namespace heretix
