#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "archive/listed_belief.hpp"
#include "archive/load_record.hpp"
#include "archive/verify.hpp"
#include "archive/verify_decision.hpp"
#include "base/clock.hpp"
#include "base/columns.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "belief/readout/statement.hpp"
#include "belief/record/stored_config.hpp"
#include "cli/about_model.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/left_out.hpp"
#include "cli/recalibration.hpp"
#include "cli/served_names.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "measure/systemone/noul_runs.hpp"
#include "report/mock_mark.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

struct ListOptions : CommonOptions {
  int most = 50;
  std::string claim;  // a text within the claim, in either case; empty: all
  std::string model;  // likewise, of the model
  std::string since;  // YYYY-MM-DD, UTC; empty: from the start

  bool filters() const { return !claim.empty() || !model.empty() || !since.empty(); }
};

struct ShowOptions : StoredRunOptions {
  std::string recalibrate;  // a certificate
  bool verbose = false;
};

struct AnswersOptions : StoredRunOptions {
  bool raw = false;
};

using nlohmann::json;

json to_json(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* s = std::get_if<std::string>(&value)) return *s;
  return nullptr;
}

// The columns of the contract without the long texts; the same for files of other programs.
json run_json(const Row& row) {
  json out;
  for (const std::string& name : runs_columns()) {
    if (!name.ends_with("_json") && name != "bootstrap_seed") out[name] = to_json(row.value(name));
  }
  const bool lost = std::holds_alternative<double>(row.value("bootstrap_seed"));
  out["bootstrap_seed"] =
      lost ? json(nullptr)
           : json(std::to_string(static_cast<std::uint64_t>(row.integer("bootstrap_seed").value_or(0))));
  if (lost) out["bootstrap_seed_lost"] = true;
  return out;
}

// The readout, if it was not verbalized; empty for a run of another program, which has no mode.
std::string readout_of(const Row& row) {
  const json config = json::parse(row.text_or_empty("config_json"), nullptr, false);
  const std::string mode = config.is_object() ? config.value("mode", "") : "";
  constexpr std::string_view kName = ";readout=";
  const std::size_t at = mode.find(kName);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kName.size();
  return mode.substr(begin, mode.find(';', begin) - begin);
}

// "2026-11-29" in UTC.
std::string day_of(const Row& row) {
  const auto seconds = row.integer("created_at");
  return seconds ? utc_day(*seconds) : "-";
}

constexpr std::size_t kModelColumns = 28;
constexpr std::size_t kNumberColumns = 40;      // date, p, interval and "unstable"
constexpr std::size_t kLeastClaimColumns = 20;  // on one line with all the rest
constexpr std::size_t kMostClaimColumns = 70;

// How a list fits the terminal. Where a claim would have no room, each run takes three lines.
struct ListLayout {
  std::size_t columns;   // of the terminal
  std::size_t id_width;  // of the widest run

  std::size_t before_claim() const { return id_width + 2 + kNumberColumns + 2 + kModelColumns + 1; }
  bool is_narrow() const { return columns < before_claim() + kLeastClaimColumns; }
  std::size_t claim_columns() const { return std::min(columns - before_claim(), kMostClaimColumns); }
};

bool is_mock(const Row& row) { return row.integer("is_mock") == 1; }

// A long name is cut, the mark behind it never.
std::string shortened_model(const Row& row, std::size_t columns) {
  const std::string mark = is_mock(row) ? shown_model(ModelName(""), true) : "";
  return cut_to(on_one_line(row.text_or_empty("model")), columns - mark.size()) + mark;
}

std::string list_line(const Row& row, const std::optional<ShownBelief>& belief, const ListLayout& layout) {
  const bool has_result = !row.has("status");
  const std::string readout = readout_of(row);
  const std::string state =
      has_result ? (readout.empty() ? "" : fmt::format("({}) ", readout))
                 : fmt::format("({}, {} answers) ", row.required_text("status"), row.integer("answers").value_or(0));
  const std::string p = belief ? fmt::format("{:.2f}", belief->p.value()) : "-";
  const std::string interval =
      belief && belief->interval
          ? fmt::format("{:.2f} to {:.2f}", belief->interval->low.value(), belief->interval->high.value())
          : "-";
  const char* unstable = belief && belief->is_stable == false ? "unstable" : "";
  const std::string run = row.text_or_empty("run_id");
  const std::string numbers = fmt::format("{:<10}  {:>4}  {:<12}  {:<8}", day_of(row), p, interval, unstable);
  const std::string claim = state + on_one_line(row.text_or_empty("claim"));
  if (!layout.is_narrow())
    return fmt::format("{:<{}}  {}  {:<28} {}\n", run, layout.id_width, numbers, shortened_model(row, kModelColumns),
                       cut_to(claim, layout.claim_columns()));
  return fmt::format("{}  {}\n  {}\n  {}\n", numbers, shortened_model(row, layout.columns - kNumberColumns - 2), run,
                     cut_to(claim, layout.columns - 2));
}

json list_json(const Row& row, const std::optional<ShownBelief>& belief) {
  json out = run_json(row);
  out["belief_v2"] = belief ? heretix::to_json(*belief) : json(nullptr);
  if (const std::string readout = readout_of(row); !readout.empty()) out["readout"] = readout;
  out["mock"] = is_mock(row);
  if (!row.has("status")) {
    out["status"] =
        row.real("prob_true_rpl") ? json("done") : json(nullptr);  // a check that was served may have failed
    return out;
  }
  out["status"] = row.required_text("status");
  out["bootstrap_seed"] = nullptr;
  out["answers"] = row.integer("answers").value_or(0);
  return out;
}

// Runs with and without a result, newest first.
std::vector<Row> listed_runs(RunStore& store, std::size_t most, Origin origin) {
  std::vector<Row> rows = store.runs(most, origin);
  std::ranges::move(store.unfinished(most, origin), std::back_inserter(rows));
  std::ranges::stable_sort(rows, std::ranges::greater{},
                           [](const Row& row) { return row.integer("created_at").value_or(0); });
  if (rows.size() > most) rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(most), rows.end());
  return rows;
}

std::string foreign_text(const Row& row) {
  const json run = run_json(row);
  std::string text =
      on_one_line(row.text_or_empty("claim")) + "\n  (written by another program: no raw answers are kept)\n";
  for (const auto& item : run.items()) {
    if (item.key() != "claim")
      text += fmt::format("  {:<22} {}\n", item.key(),
                          item.value().is_string() ? item.value().get<std::string>() : item.value().dump());
  }
  return text;
}

std::string answers_header(const Recipe& recipe) {
  const char* sides = recipe.readout() == Readout::decision ? "  p of claim  p of negation" : "";
  return fmt::format("template  replicate  prob_true{}  read as\n", sides);
}

// What the model stated of the claim and of its negation, if the answer was made from the two.
std::string sides_text(const Answer& a, const Recipe& recipe) {
  if (recipe.readout() != Readout::decision) return "";
  const auto sides = sides_of(a);
  const std::string claim = sides ? fmt::format("{:.4g}", sides->claim) : "-";
  const std::string negation = sides && sides->negation ? fmt::format("{:.4g}", *sides->negation) : "-";
  return fmt::format("  {:>10}  {:>13}", claim, negation);
}

std::string answer_line(const Answer& a, const Question& q, const Recipe& recipe, bool raw) {
  const std::string value = a.verdict.prob_true ? fmt::format("{:.4g}", a.verdict.prob_true->value()) : "-";
  const auto sides = sides_of(a);
  const char* note = sides && sides->contradict() ? "  its two sides contradict each other"
                     : note_of(a.verdict).empty() ? ""
                                                  : "  its label contradicts its number";
  std::string line = fmt::format("{:>8}  {:>9}  {:>9}{}  {:<11} {:>5.0f} ms  {}{}\n", shown_number(q.paraphrase_idx),
                                 q.replicate_idx + 1, value, sides_text(a, recipe),
                                 a.verdict.reason ? to_word(*a.verdict.reason) : "usable", a.latency_ms,
                                 a.from_store ? "stored" : "asked", note);
  if (raw) line += "          " + on_one_line(a.raw_text.value_or("(not kept)")) + "\n";
  return line;
}

json sample_json(const Row& row) {
  json out;
  for (const std::string& name : samples_columns()) out[name] = to_json(row.value(name));
  return out;
}

std::string dumped(const json& value) { return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

int foreign_answers(RunStore& runs, const RunId& run_id, bool as_json) {
  json all = json::array();
  std::string text = "template  replicate  prob_true\n";
  for (const Row& row : runs.samples_of(run_id)) {
    all.push_back(sample_json(row));
    const auto p = row.real("prob_true");
    text += fmt::format("{:>8}  {:>9}  {:>9}  {}\n",
                        shown_number(static_cast<int>(row.integer("paraphrase_idx").value_or(-1))),
                        row.integer("replicate_idx").value_or(-1) + 1, p ? fmt::format("{:.4g}", *p) : "-",
                        row.integer("json_valid") == 1 ? "usable" : "not usable");
  }
  print_either(as_json, all, text);
  return kDone;
}

// A pipe has no width, so nothing is cut for it.
std::size_t list_columns() { return terminal_columns(STDOUT_FILENO).value_or(1000); }

bool is_wanted(const Row& row, const ListOptions& options) {
  const auto has = [&](const char* column, const std::string& wanted) {
    return to_lower_ascii(row.text_or_empty(column)).find(to_lower_ascii(wanted)) != std::string::npos;
  };
  return has("claim", options.claim) && has("model", options.model) &&
         (options.since.empty() || day_of(row) >= options.since);
}

int list_command(const ListOptions& options) {
  if (!options.since.empty()) require_day("--since", options.since);
  if (options.most < 1)
    throw Error(ErrorKind::bad_input, fmt::format("--most is {}; it must be at least 1", options.most));
  const StoredRuns stored = open_for_reading(options);
  const Origin shown = shown_origin(*stored.store, options);
  const std::size_t stored_runs = stored.store->count(shown) + stored.store->count_unfinished(shown);
  const auto most = static_cast<std::size_t>(options.most);
  std::vector<Row> rows = listed_runs(*stored.store, options.filters() ? std::max(stored_runs, most) : most, shown);
  if (options.filters()) std::erase_if(rows, [&](const Row& row) { return !is_wanted(row, options); });
  const std::size_t all = options.filters() ? rows.size() : stored_runs;
  if (rows.size() > most) rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(most), rows.end());
  json listed = json::array();
  ListLayout layout{.columns = list_columns(), .id_width = 24};  // wide enough for a run; the id of a check is longer
  for (const Row& row : rows) layout.id_width = std::max(layout.id_width, row.text_or_empty("run_id").size());
  std::string text;
  if (!layout.is_narrow())
    text = fmt::format("{:<{}}  {:<10}  {:>4}  {:<12}  {:<8}  {:<28} {}\n", "run", layout.id_width, "date", "p",
                       "95 % within", "", "model", "claim");
  for (const Row& row : rows) {
    const auto belief = listed_belief(*stored.store, row);
    listed.push_back(list_json(row, belief));
    text += list_line(row, belief, layout);
  }
  const char* none = options.flags.mock.value_or(false) ? "no mock runs yet\n" : "no runs yet\n";
  const char* nothing = stored_runs == 0 ? none : "no run fits\n";
  print_either(options.json, listed, all == 0 ? nothing : text);
  if (!options.json && all > rows.size())
    print_note(fmt::format("{} more: {}", all - rows.size(),
                           with_store(fmt::format("heretix list --most {}", all), stored.flag)));
  tell_left_out(*stored.store, shown, "heretix list", stored.flag);
  return kDone;
}

TextStyle style_of(const ShowOptions& options, const Record& record, Database& store) {
  TextStyle style = text_style(read_environment().no_color);
  style.verbose = options.verbose;
  style.about_model = about_model(record.plan.recipe, store);
  return style;
}

int show_recalibrated(const ShowOptions& options, const Record& record, const RecalibrationMap& map,
                      const StoredRuns& stored) {
  require_fits(map, record.plan.recipe);
  if (options.json) {
    json out = to_json(record);
    out["recalibrated"] = recalibrated_json(map, record);
    print_result(dumped(out));
  } else {
    const TextStyle style = style_of(options, record, *stored.database);
    print_text(result_text(record, style, stored.flag) + recalibrated_text(map, record));
  }
  return kDone;
}

// The record as it is stored. Earlier builds did not mark mock numbers in it.
json stored_json(const ExecutionRow& execution) {
  json record = json::parse(execution.record_text.value_or(""));
  if (is_mock_mode(execution.mode)) mark_as_mock(record);
  return record;
}

int show_command(const ShowOptions& options) {
  const StoredRuns stored = open_for_reading(options, {options.run});
  RunStore& runs = *stored.store;
  const RunId run_id = runs.find_run(options.run);
  const auto execution = runs.newest_execution(run_id);
  const auto map = recalibration_of(options.recalibrate);
  if (map && execution) return show_recalibrated(options, load_record(runs, *execution), *map, stored);
  if (!execution) print_either(options.json, run_json(runs.run(run_id)), foreign_text(runs.run(run_id)));
  else if (options.json) print_result(dumped(stored_json(*execution)));
  else {
    const Record record = load_record(runs, *execution);
    print_text(result_text(record, style_of(options, record, *stored.database), stored.flag));
  }
  return kDone;
}

int unfinished_answers(RunStore& runs, const ExecutionRow& execution, const AnswersOptions& options) {
  const CameBack came = what_came_back(runs, execution);
  json all = json::array();
  std::string text = answers_header(came.recipe);
  if (came.recipe.mode.is_mock()) text = fmt::format("{}\n{}", kMockNotice, text);
  std::size_t answered = 0;
  for (const auto& [question, answer, trouble] : came.questions) {
    if (answer) {
      ++answered;
      all.push_back(answer_json(*answer, question));
      text += answer_line(*answer, question, came.recipe, options.raw);
      continue;
    }
    all.push_back({{"cache_key", question.cache_key},
                   {"paraphrase_idx", question.paraphrase_idx},
                   {"replicate_idx", question.replicate_idx},
                   {"usable", false},
                   {"error", trouble}});
    text += fmt::format("{:>8}  {:>9}  {:>9}  no answer: {}\n", shown_number(question.paraphrase_idx),
                        question.replicate_idx + 1, "-", shortened(on_one_line(trouble), 200));
  }

  if (came.recipe.mode.is_mock()) mark_as_mock(all);
  print_either(options.json, all, text);
  print_note(fmt::format("{} has no result: its execution {} is {}, with answers to {} of {} questions",
                         execution.run_id, execution.execution_id, to_word(execution.status), answered, came.planned));
  return kDone;
}

int answers_command(const AnswersOptions& options) {
  const StoredRuns stored = open_for_reading(options, {options.run});
  RunStore& runs = *stored.store;
  if (const auto unfinished = runs.find_unfinished(options.run)) return unfinished_answers(runs, *unfinished, options);
  const RunId run_id = runs.find_run(options.run);
  const auto execution = runs.newest_execution(run_id);
  if (!execution) return foreign_answers(runs, run_id, options.json);
  const Record record = load_record(runs, *execution);
  if (options.json) {
    json answers = to_artifact(record).at("answers");
    if (is_mock(record)) mark_as_mock(answers);
    print_result(dumped(answers));
    return kDone;
  }
  std::string text = answers_header(record.plan.recipe);
  if (is_mock(record)) text = fmt::format("{}\n{}", kMockNotice, text);
  for (std::size_t i = 0; i < record.answers.size(); ++i)
    text += answer_line(record.answers[i], record.plan.questions[i], record.plan.recipe, options.raw);
  print_text(text);
  return kDone;
}

// A choice or a score of heretix systemone. Where no store is named, one that the usual store lacks is looked for among
// those of mock models.
Verification verified_decision(const StoredRunOptions& options) {
  const auto verified = [&](const CommonOptions& where) {
    const StoredRuns stored = open_for_reading(where);
    Verification found = verify_decision(options.run, *stored.store);
    found.is_mock = where.flags.mock.value_or(false);
    return found;
  };
  try {
    return verified(options);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::not_found || options.flags.db || options.flags.mock || !options.database.empty()) throw;
    StoredRunOptions mock = options;
    mock.flags.mock = true;
    return verified(mock);
  }
}

// A run of a store, or an artifact that lies before the user.
Verification verified(const StoredRunOptions& options) {
  if (has_ending(options.run, ".json")) {
    const auto text = content_of_file(options.run);
    if (!text)
      throw Error(ErrorKind::not_found, fmt::format("cannot read {}", on_one_line(options.run)),
                  "name an artifact (docs/record.md), or a run: see heretix list");
    return verify_artifact({.name = options.run, .text = *text});
  }
  if (names_decision(options.run)) return verified_decision(options);

  const StoredRuns stored = open_for_reading(options, {options.run});
  RunStore& runs = *stored.store;

  // A check that was answered from a stored result has a run id of its own; the service's file knows which execution it
  // shows.
  std::optional<ExecutionId> served;
  if (options.database.empty()) served = execution_served_as(RunId{options.run}, stored.path);

  try {
    return verify_run(served ? served->text() : options.run, runs, stored.path);
  } catch (const Error&) {
    // In Postgres a noul that the service decided is an execution, and no check.
    NoulRuns nouls(runs.database());
    if (options.database.empty() || !nouls.newest_execution(RunId{options.run})) throw;
    return verify_run(options.run, nouls, stored.path);
  }
}

int verify_command(const StoredRunOptions& options) {
  const Verification v = verified(options);

  if (options.json) {
    print_result(dumped({{"run_id", v.run_id},
                         {"mock", v.is_mock},
                         {"execution_id", v.execution_id ? v.execution_id->text() : ""},
                         {"passed", v.passed()},
                         {"recomputed", v.recomputed},
                         {"differences", v.differences},
                         {"not_checked", v.not_checked}}));
    return v.passed() ? kDone : kDifference;
  }

  std::string text = fmt::format("{}\n", v.run_id);
  if (v.is_mock) text += fmt::format("{}\n", kMockNotice);
  text += "recomputed from the stored answers, before any stored result was read:\n";
  for (const std::string& line : v.recomputed) text += "  " + line + "\n";
  for (const std::string& line : v.not_checked) text += "  not checked: " + on_one_line(line) + "\n";
  for (const std::string& line : v.differences) text += "  DIFFERENT: " + on_one_line(line) + "\n";

  text += v.passed() ? (v.recomputed.empty() ? "nothing could be recomputed\n" : "equal to what is stored\n")
                     : fmt::format("{} differences\n", v.differences.size());
  print_text(text);
  return v.passed() ? kDone : kDifference;
}

}  // namespace

void register_reading(CommandTable& table) {
  const auto [list, l] = table.add<ListOptions>(
      "list", "list the stored runs, newest first, including those without a result", list_command);
  list.add_option("-n,--most", l.most, "how many to list at most (default 50)")->type_name("N");
  list.add_option("--claim", l.claim, "only runs with this text in their claim")->type_name("TEXT");
  list.add_option("--model", l.model, "only runs with this text in the name of their model")->type_name("TEXT");
  list.add_option("--since", l.since, "only runs from this day on, in UTC")->type_name("YYYY-MM-DD");
  add_store_to_read(list, l);
  add_database(list, l, "list the checks in this Postgres database instead");
  add_json(list, l);

  const auto [show, s] = table.add<ShowOptions>("show", "print a stored run", show_command);
  add_run_argument(show, s);
  add_recalibration(show, s.recalibrate);
  add_verbose(show, s.verbose);
  add_json(show, s);

  const auto [answers, a] = table.add<AnswersOptions>(
      "answers",
      "print every answer of a run, refused ones with their reason; if the run has no result, print what came back",
      answers_command);
  add_run_argument(answers, a);
  answers.add_flag("--raw", a.raw, "also print what the model said, word for word");
  add_json(answers, a);
}

void register_verify(CommandTable& table) {
  const auto [verify, o] = table.add<StoredRunOptions>(
      "verify", "recompute a run from its stored answers and compare it with what was stored", verify_command);
  add_run_argument(verify, o,
                   "a run or execution id, or the beginning of one; or an artifact (.json), which needs no store");
  add_json(verify, o);
}

}  // namespace heretix
