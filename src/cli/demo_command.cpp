#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "archive/load_record.hpp"
#include "archive/verify.hpp"
#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/demo_recordings.hpp"
#include "cli/exit_code.hpp"
#include "cli/measuring.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "report/html.hpp"
#include "report/mock_mark.hpp"
#include "store/sqlite/harness_file.hpp"
#include "studies/coherence/coherence.hpp"
#include "studies/compare/difference.hpp"
#include "studies/drift/drift.hpp"
#include "studies/drift/watch_store.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kWatch = "watch";  // as its file is named
constexpr std::size_t kBaselineRuns = kLeastBaselineRuns;
constexpr std::size_t kMostChecks = 8;
constexpr std::size_t kRunPrefix = 12 + 4;  // "heretix-rpl-" and four digits, if they tell the runs apart

struct DemoOptions : CommonOptions {
  std::string folder = "runs/demo";
};

// Where the demo keeps everything: its store, the recordings that play the models, and the page.
struct DemoPlaces {
  std::string folder;
  std::string store() const { return folder + "/demo.sqlite"; }
  std::string page() const { return folder + "/report.html"; }
  std::string sentinels() const { return folder + "/watch.jsonl"; }
  std::string script(const std::string& model) const { return folder + "/" + model + ".json"; }
};

void make_folder(const DemoPlaces& places) {
  std::error_code failed;
  fs::create_directories(places.folder, failed);
  if (failed)
    throw Error(ErrorKind::not_allowed, fmt::format("cannot create the folder {}: {}", places.folder, failed.message()),
                "name one that you may write to: heretix demo --folder FOLDER");
}

void write_recordings(const DemoRecordings& demo, const DemoPlaces& places) {
  make_folder(places);
  for (const auto& [key, model] : demo.models) write_file(places.script(key), model.script);
  write_file(places.sentinels(), json{{"claim", demo.watched}}.dump() + "\n");
}

// One model of the demo, on the real path: its recording is played, and every answer is kept and counted as any other.
class DemoModelRun {
 public:
  // `target` is the width of the interval for which a run asks further wordings; without one all wordings are asked.
  DemoModelRun(const std::string& key, const DemoPlaces& places, std::optional<double> target)
      : measuring_(options_for(key, places, target)) {
    // What is lost in a power cut is recorded anyway, so nothing has to wait for the disk.
    measuring_.database().execute("PRAGMA synchronous = OFF");
  }
  Measuring* operator->() { return &measuring_; }

 private:
  static MeasuringOptions options_for(const std::string& key, const DemoPlaces& places, std::optional<double> target) {
    MeasuringOptions options;
    options.models = {"scripted:" + places.script(key)};
    options.flags.db = places.store();
    options.flags.until_width = target;
    options.quiet = true;
    return options;
  }
  Measuring measuring_;
};

struct DemoResult {
  DemoClaim of;
  std::string model;
  std::optional<Record> record;  // empty where the model gave no usable answers
  std::string why_not{};
};

struct DemoDrift {
  DriftState state;
  std::size_t checks = 0;
};

// Everything that the demo shows, measured.
struct DemoStory {
  std::vector<DemoResult> results;
  Differences comparison;
  CoherenceReport coherence;
  DriftState drift;
  std::vector<Verification> verified;

  const Record& of(const std::string& claim) const {
    const auto found = std::ranges::find_if(
        results, [&](const DemoResult& one) { return one.of.claim == claim && one.record.has_value(); });
    if (found == results.end())
      throw Error(ErrorKind::bad_input, fmt::format("the recordings have no result for '{}'", claim),
                  "docs/demo.md describes the format");
    return *found->record;
  }
};

DemoResult measure_claim(const DemoClaim& claim, const DemoRecordings& demo, const DemoPlaces& places) {
  DemoResult result{.of = claim, .model = demo.models.at(claim.model).name, .record = std::nullopt};
  DemoModelRun model(claim.model, places, kDefaultTarget);
  try {
    result.record = model->measure(claim.claim);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::bad_input) throw;
    result.why_not = e.what();
  }
  return result;
}

Differences compare_models(const DemoRecordings& demo, const DemoPlaces& places) {
  const auto record_of = [&](const std::string& key) {
    DemoModelRun model(key, places, kDefaultTarget);
    return model->measure(demo.compared);
  };
  const auto side = [&](const std::string& key) { return "model=" + demo.models.at(key).name; };
  return differences_of(side(demo.compared_a), side(demo.compared_b),
                        {difference_between(record_of(demo.compared_a), record_of(demo.compared_b))});
}

CoherenceReport test_coherence(const DemoRecordings& demo, const DemoPlaces& places) {
  DemoModelRun model(demo.related_model, places, std::nullopt);
  const Record claim = model->measure(demo.related), negation = model->measure(demo.negation);
  return {.claim = demo.related,
          .model = model->facts().model,
          .beliefs = {belief_in(claim), belief_in(negation)},
          .checks = {check_negation(claim, negation)},
          .free_of_acquiescence = acquiescence_free(claim, negation),
          .executions = {claim.execution.execution_id, negation.execution.execution_id}};
}

DriftState state_of_watch(const DemoRecordings& demo, Database& database) {
  RunStore runs(database);
  Sentinel sentinel{.claim = demo.watched, .runs = {}};
  for (const WatchedExecution& execution : WatchStore(database, kWatch).of(parse_claim(demo.watched).hash()))
    sentinel.runs.push_back(sentinel_run(stored_record(runs, execution.execution_id), execution.is_baseline));
  DriftState state = drift_state(kWatch, ModelName(demo.models.at(demo.watched_now).name), kDriftAlpha, {sentinel});
  state.is_mock = true;
  return state;
}

// The model before it changed gives the baseline; after that it is checked until the alarm goes off. What an earlier
// demo measured counts.
DriftState watch_for_drift(const DemoRecordings& demo, const DemoPlaces& places) {
  const Claim claim = parse_claim(demo.watched);
  DemoModelRun before(demo.watched_before, places, std::nullopt), now(demo.watched_now, places, std::nullopt);
  Database& database = now->database();
  WatchStore watch(database, kWatch);

  const auto measure = [&](DemoModelRun& model, bool is_baseline) {
    const Record record = model->measure_afresh(claim.text);
    watch.add(claim.hash(), {record.execution.execution_id, is_baseline}, record.execution.finished_at);
  };
  while (watch.of(claim.hash()).size() < kBaselineRuns) measure(before, true);

  DriftState state = state_of_watch(demo, database);
  while (state.alarm == Alarm::none && state.values.size() < kMostChecks) {
    measure(now, false);
    state = state_of_watch(demo, database);
  }
  return state;
}

std::vector<Verification> verify_all(const DemoPlaces& places) {
  const auto database = open_harness_file(places.store(), {.access = Access::read_only});
  RunStore runs(*database);
  std::vector<Verification> all;
  for (const ExecutionHead& head : runs.done_executions())
    all.push_back(verify_run(runs, head.execution_id.text(), places.store()));
  return all;
}

DemoStory play(const DemoRecordings& demo, const DemoPlaces& places) {
  DemoStory story;
  for (const DemoClaim& claim : demo.claims) story.results.push_back(measure_claim(claim, demo, places));
  story.comparison = compare_models(demo, places);
  story.coherence = test_coherence(demo, places);
  story.drift = watch_for_drift(demo, places);
  write_file(places.page(), report_html(story.of(demo.flips)));
  story.verified = verify_all(places);
  return story;
}

// Text in paragraphs that fit the terminal.
class Writer {
 public:
  explicit Writer(const TextStyle& style) : style_(style) {}

  void heading(int number, const std::string& name, const std::string& what) {
    text_ += fmt::format("\n{}\n", emphasised(fmt::format("{}  {}: {}", number, name, what), style_));
  }
  void blank() { text_ += "\n"; }
  void line(const std::string& text) { text_ += text + "\n"; }

  void paragraph(const std::string& text, std::size_t indent = 3) { add_wrapped(text, indent, ""); }

  // A command that runs as it is printed, in several lines where it is too long for one.
  void command(const std::string& command) { add_wrapped(command, 3, " \\"); }

  const std::string& text() const { return text_; }

 private:
  // Words in quotes belong together, because a command must not be broken within them.
  static std::vector<std::string> pieces_of(const std::string& text) {
    std::vector<std::string> pieces(1);
    bool is_quoted = false;
    for (const char c : text) {
      if (c == '\'') is_quoted = !is_quoted;
      if (c == ' ' && !is_quoted) pieces.emplace_back();
      else pieces.back() += c;
    }
    return pieces;
  }

  void add_wrapped(const std::string& text, std::size_t indent, const std::string& at_break) {
    const std::vector<std::string> words = at_break.empty() ? words_of(text) : pieces_of(text);
    const std::string begin(indent, ' ');
    std::string line = begin;
    for (const std::string& word : words) {
      const bool is_first = line.size() == begin.size() && trimmed(line).empty();
      const std::size_t width = count_code_points(line) + 1 + count_code_points(word) + at_break.size();
      if (!is_first && width > style_.columns) {
        text_ += line + at_break + "\n";
        line = begin + (at_break.empty() ? "" : "    ");
        line += word;
      } else {
        line += (is_first ? "" : " ") + word;
      }
    }
    text_ += line + "\n";
  }

  static std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    for (const std::string_view word : split(text, ' ')) words.emplace_back(word);
    return words;
  }

  const TextStyle& style_;
  std::string text_;
};

std::string result_in_words(const DemoResult& result) {
  const std::string by = fmt::format("({})", shown_model(ModelName(result.model), true));
  if (!result.record) return fmt::format("{}: no belief, {} {}", result.of.finding, result.why_not, by);
  const Record& r = *result.record;
  const auto interval = r.belief.interval();
  const std::string numbers =
      fmt::format("p = {:.2f}{}", r.belief.p().value(),
                  interval ? fmt::format(", {:.2f} to {:.2f}", interval->low.value(), interval->high.value()) : "");
  if (r.agreement.is_stable == false) return fmt::format("{}: {} {}", result.of.finding, r.belief_verdict, by);
  return fmt::format("{}: {} {}", result.of.finding, numbers, by);
}

void write_claims(const DemoStory& story, Writer& out) {
  out.heading(1, "run", "what does a model believe, and how sure is that?");
  for (const DemoResult& result : story.results) {
    out.blank();
    out.paragraph(result.of.claim);
    if (result.record) out.line(fmt::format("   0 {} 1", interval_bar(*result.record)));
    out.paragraph(result_in_words(result));
  }
}

void write_coherence(const DemoStory& story, Writer& out) {
  const CoherenceCheck& check = story.coherence.checks.front();
  const auto p = [&](std::size_t i) { return story.coherence.beliefs.at(i).belief.p.value(); };
  out.heading(4, "coherence", "do its beliefs fit together?");
  for (std::size_t i = 0; i < 2; ++i)
    out.paragraph(fmt::format("{:.2f}  {}", p(i), story.coherence.beliefs.at(i).claim));
  out.paragraph(
      fmt::format("{}: the two should add up to 1 and are {:.2f} too much; a trader who trusts them is sure to lose "
                  "{:.2f} for a stake of 1.",
                  to_word(check.finding), check.violation.center, check.price()));
}

void write_drift(const DemoStory& story, Writer& out) {
  const SentinelState& s = story.drift.sentinels.front();
  out.heading(5, "drift", "has the model changed its mind?");
  out.paragraph(s.claim);
  out.paragraph(fmt::format("{:.2f} at the baseline, {:.2f} now: {} after {} checks, though the name is the same.",
                            s.baseline_p, s.last_p, story.drift.alarm == Alarm::none ? "no alarm" : "an alarm",
                            story.drift.values.size()));
}

std::size_t passed(const DemoStory& story) {
  return static_cast<std::size_t>(std::ranges::count_if(story.verified, &Verification::passed));
}

void write_verification(const DemoStory& story, const TextStyle& style, Writer& out) {
  out.heading(6, "verify", "is all of this what was answered?");
  const std::string count = fmt::format("{} of {} measurements", passed(story), story.verified.size());
  const bool all = passed(story) == story.verified.size();
  const std::string verdict = all ? "equal to what is stored" : "DIFFERENT from what is stored";
  const std::string shown = !style.color ? verdict : fmt::format("\x1b[{}m{}\x1b[0m", all ? 32 : 31, verdict);
  out.paragraph(fmt::format("{} recomputed from their stored answers: {}", count, shown));
}

// Enough of the id to name the run.
std::string short_id(const Record& record, const DemoStory& story) {
  const std::string id = record.plan.run_id.text();
  std::size_t size = kRunPrefix;
  const auto is_ambiguous = [&] {
    return std::ranges::any_of(story.verified, [&](const Verification& v) {
      return v.run_id.text() != id && v.run_id.text().starts_with(id.substr(0, size));
    });
  };
  while (size < id.size() && is_ambiguous()) ++size;
  return id.substr(0, size);
}

void write_next(const DemoRecordings& demo, const DemoStory& story, const DemoPlaces& places, Writer& out) {
  const std::string db = " --db " + shell_word(places.store());
  const std::string run = short_id(story.of(demo.flips), story);
  const auto model = [&](const std::string& key) { return shell_word("model=" + demo.models.at(key).name); };

  out.heading(7, "try this", "the store, the recordings and the page are in " + places.folder);
  out.command("heretix list" + db);
  out.command("heretix show " + run + db);
  out.command("heretix report " + run + " --text" + db);
  out.command(fmt::format("heretix compare {} {}{}", model(demo.compared_a), model(demo.compared_b), db));
  out.command(fmt::format("heretix coherence {} --model scripted:{}{}", shell_word(demo.related),
                          shell_word(places.script(demo.related_model)), db));
  out.command("heretix drift show " + shell_word(places.sentinels()) + db);
  out.command("heretix verify " + run + db);
  out.blank();
  out.paragraph("Then ask a model: heretix run \"Tariffs cause inflation\"");
}

std::string to_text(const DemoRecordings& demo, const DemoStory& story, const DemoPlaces& places,
                    const TextStyle& style) {
  Writer out(style);
  out.line(emphasised("Heretix demo: six claims, several kinds of models, the whole instrument", style));
  out.paragraph(std::string(kMockNotice), 0);
  out.paragraph(fmt::format("The recordings were {}.", demo.recorded), 0);

  write_claims(story, out);

  out.heading(2, "report", "which wording says what?");
  for (const std::string_view line : split(trimmed(forest_text(story.of(demo.flips), style), "\n"), '\n'))
    out.line(" " + std::string(line));

  out.heading(3, "compare", "do two models differ?");
  out.paragraph(demo.compared);
  out.paragraph(std::get<Paragraph>(to_document(story.comparison).blocks.front()).text);

  write_coherence(story, out);
  write_drift(story, out);
  write_verification(story, style, out);
  write_next(demo, story, places, out);
  return out.text();
}

json to_json(const DemoRecordings& demo, const DemoStory& story, const DemoPlaces& places) {
  json claims = json::array(), verified = json::array();
  for (const DemoResult& result : story.results)
    claims.push_back({{"finding", result.of.finding},
                      {"claim", result.of.claim},
                      {"model", result.model},
                      {"record", result.record ? heretix::to_json(*result.record) : json(nullptr)},
                      {"error", result.record ? json(nullptr) : json(result.why_not)}});
  for (const Verification& v : story.verified)
    verified.push_back({{"execution_id", v.execution_id->text()}, {"run_id", v.run_id}, {"passed", v.passed()}});
  return {{"format", "heretix_demo_result"},
          {"version", 1},
          {"mock", true},
          {"recorded", demo.recorded},
          {"store", places.store()},
          {"page", places.page()},
          {"claims", claims},
          {"comparison", heretix::to_json(story.comparison)},
          {"coherence", heretix::to_json(story.coherence)},
          {"drift", heretix::to_json(story.drift)},
          {"verified", verified}};
}

int demo_command(const DemoOptions& options) {
  stop_signal();  // from here on a signal stops cleanly
  const DemoRecordings demo = demo_recordings(kDemoJson, "the program's demo");
  const DemoPlaces places{options.folder};
  write_recordings(demo, places);

  const DemoStory story = play(demo, places);

  if (options.json) print_result(to_json(demo, story, places).dump(2) + "\n");
  else print_result(to_text(demo, story, places, text_style(read_environment().no_color)));
  return passed(story) == story.verified.size() ? kDone : kDifference;
}

}  // namespace

void register_demo(CommandTable& table) {
  const auto [demo, o] = table.add<DemoOptions>(
      "demo", "show the whole instrument on recorded answers; needs no model, no key and no network", demo_command);
  demo.add_option("--folder", o.folder, "where its store, its recordings and its page go (default runs/demo)")
      ->type_name("FOLDER");
  add_json(demo, o);
}

}  // namespace heretix
