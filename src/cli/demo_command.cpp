#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "archive/load_record.hpp"
#include "archive/verify.hpp"
#include "base/columns.hpp"
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
constexpr std::size_t kBaselineRuns = 14;
constexpr std::size_t kMostChecks = 20;
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
  for (const auto& [key, model] : demo.models) write_file({.name = places.script(key), .text = model.script});
  write_file({.name = places.sentinels(), .text = json{{"claim", demo.watched}}.dump() + "\n"});
}

// One model of the demo, on the real path: its recording is played, and every answer is kept and counted as any other.
class DemoModelRun {
 public:
  DemoModelRun(const std::string& key, const DemoPlaces& places) : measuring_(options_for(key, places)) {
    // What is lost in a power cut is recorded anyway, so nothing has to wait for the disk.
    measuring_.database().execute("PRAGMA synchronous = OFF");
  }
  Measuring* operator->() { return &measuring_; }

 private:
  static MeasuringOptions options_for(const std::string& key, const DemoPlaces& places) {
    MeasuringOptions options;
    options.models = {"scripted:" + places.script(key)};
    options.flags.db = places.store();
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
  DemoModelRun model(claim.model, places);
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
    DemoModelRun model(key, places);
    return model->measure(demo.compared);
  };
  const auto side = [&](const std::string& key) { return "model=" + demo.models.at(key).name; };
  return differences_of(side(demo.compared_a), side(demo.compared_b),
                        {difference_between(record_of(demo.compared_a), record_of(demo.compared_b))});
}

CoherenceReport test_coherence(const DemoRecordings& demo, const DemoPlaces& places) {
  DemoModelRun model(demo.related_model, places);
  const Record claim = model->measure(demo.related), negation = model->measure(demo.negation);
  return {.claim = demo.related,
          .model = model->facts().model,
          .beliefs = {belief_in(claim), belief_in(negation)},
          .checks = {check_negation(claim, negation)},
          .free_of_acquiescence = acquiescence_free(claim, negation),
          .executions = {claim.execution.execution_id, negation.execution.execution_id}};
}

// What an earlier demo measured.
Sentinel watched_so_far(const Claim& claim, Database& database) {
  RunStore runs(database);
  Sentinel sentinel{.claim = claim.text, .runs = {}};
  for (const WatchedExecution& execution : WatchStore(database, kWatch).of(claim.hash()))
    sentinel.runs.push_back(sentinel_run(stored_record(runs, execution.execution_id), execution.is_baseline));
  return sentinel;
}

DriftState state_of(const Sentinel& sentinel, const DemoRecordings& demo) {
  DriftState state = drift_state(kWatch, ModelName(demo.models.at(demo.watched_now).name), kDriftAlpha, {sentinel});
  state.is_mock = true;
  return state;
}

// The model before it changed gives the baseline; after that it is checked until the alarm goes off. What an earlier
// demo measured counts.
DriftState watch_for_drift(const DemoRecordings& demo, const DemoPlaces& places) {
  const Claim claim = parse_claim(demo.watched);
  DemoModelRun before(demo.watched_before, places), now(demo.watched_now, places);
  Sentinel sentinel = watched_so_far(claim, now->database());
  WatchStore watch(now->database(), kWatch);

  const auto measure = [&](DemoModelRun& model, bool is_baseline) {
    const Record record = model->measure_afresh(claim.text);
    watch.add(claim.hash(), {record.execution.execution_id, is_baseline}, record.execution.finished_at);
    sentinel.runs.push_back(sentinel_run(record, is_baseline));
  };
  while (sentinel.runs.size() < kBaselineRuns) measure(before, true);

  DriftState state = state_of(sentinel, demo);
  while (state.alarm == Alarm::none && state.values.size() < kMostChecks) {
    measure(now, false);
    state = state_of(sentinel, demo);
  }
  return state;
}

std::vector<Verification> verify_all(const DemoPlaces& places) {
  const auto database = open_harness_file(places.store(), {.access = Access::read_only});
  RunStore runs(*database);
  std::vector<Verification> all;
  for (const ExecutionHead& head : runs.done_executions())
    all.push_back(verify_run(head.execution_id.text(), runs, places.store()));
  return all;
}

DemoStory play(const DemoRecordings& demo, const DemoPlaces& places) {
  DemoStory story;
  for (const DemoClaim& claim : demo.claims) story.results.push_back(measure_claim(claim, demo, places));
  story.comparison = compare_models(demo, places);
  story.coherence = test_coherence(demo, places);
  story.drift = watch_for_drift(demo, places);
  write_file({.name = places.page(), .text = report_html(story.of(demo.flips))});
  story.verified = verify_all(places);
  return story;
}

// Text in paragraphs that fit the terminal.
class Writer {
  static constexpr std::size_t kIndent = 3;

 public:
  explicit Writer(const TextStyle& style) : style_(style) {}

  void line(const std::string& text) { text_ += text + "\n"; }
  void heading(const std::string& text) { line("\n" + emphasised(text, style_)); }
  void paragraph(const std::string& text, std::size_t indent = kIndent) {
    for (const std::string& part : wrapped(text, style_.columns - indent)) line(std::string(indent, ' ') + part);
  }

  // A command that runs as it is printed, in several lines where it is too long for one.
  void command(const std::vector<std::string>& words) {
    constexpr std::string_view kGoesOn = " \\";
    constexpr std::size_t kIndentBelow = 7;

    std::string now(kIndent, ' ');
    bool is_empty = true;
    for (const std::string& word : words) {
      if (!is_empty && display_width(now) + 1 + display_width(word) + kGoesOn.size() > style_.columns) {
        line(now.append(kGoesOn));
        now = std::string(kIndentBelow, ' ');
        is_empty = true;
      }
      now += (is_empty ? "" : " ") + word;
      is_empty = false;
    }
    line(now);
  }

  const std::string& text() const { return text_; }

 private:
  const TextStyle& style_;
  std::string text_;
};

// Each model once, in the order of the claims.
void write_models(const DemoRecordings& demo, Writer& out) {
  std::vector<std::string> told;
  for (const DemoClaim& claim : demo.claims) {
    const auto& [name, kind, script] = demo.models.at(claim.model);
    if (std::ranges::find(told, name) != told.end()) continue;
    told.push_back(name);
    out.line(fmt::format("   {:<14} {}", name, kind));
  }
}

std::string result_in_words(const DemoResult& result) {
  const std::string by = "· " + shown_model(ModelName(result.model), true);
  if (!result.record) return fmt::format("{}: no belief; {} {}", result.of.finding, result.why_not, by);

  const Record& r = *result.record;
  if (r.agreement.is_stable == false) return fmt::format("{}: {} {}", result.of.finding, r.belief_verdict, by);
  const auto interval = r.belief.interval();
  const std::string bounds =
      interval ? fmt::format(", {:.2f} to {:.2f}", interval->low.value(), interval->high.value()) : "";
  return fmt::format("{}: p = {:.2f}{} {}", result.of.finding, r.belief.p().value(), bounds, by);
}

void write_claims(const DemoStory& story, Writer& out) {
  out.heading("1  run: what does a model believe, and how sure is that?");
  for (const DemoResult& result : story.results) {
    out.line("");
    out.paragraph(result.of.claim);
    if (result.record) out.line(fmt::format("   0 {} 1", interval_bar(*result.record)));
    out.paragraph(result_in_words(result));
  }
}

// The wordings that say the opposite of what all of them say together.
std::vector<std::string> opposing_wordings(const Record& r) {
  const bool is_likely = r.belief.p().value() >= 0.5;
  std::vector<std::string> opposing;
  for (const TemplateResult& t : r.templates) {
    if (!t.value || (to_probability(*t.value).value() >= 0.5) == is_likely) continue;
    const std::string& wording = r.bank.paraphrases[static_cast<std::size_t>(t.paraphrase_idx)];
    opposing.push_back(on_one_line(replaced(wording, {"<claim>{CLAIM}</claim>", "…"})));
  }
  return opposing;
}

void write_report(const DemoRecordings& demo, const DemoStory& story, const TextStyle& style, Writer& out) {
  out.heading("2  report: which wording says what?");
  const Record& record = story.of(demo.flips);
  out.line(forest_text(record, style));
  const std::vector<std::string> opposing = opposing_wordings(record);
  out.paragraph(fmt::format("{} of {} wordings {} the opposite: {}", opposing.size(), record.templates.size(),
                            opposing.size() == 1 ? "says" : "say", fmt::join(opposing, " ")));
}

void write_comparison(const DemoRecordings& demo, const DemoStory& story, Writer& out) {
  out.heading("3  compare: do two models differ?");
  out.paragraph(demo.compared);
  out.paragraph(std::get<Paragraph>(to_document(story.comparison).blocks.front()).text);
}

void write_coherence(const DemoStory& story, Writer& out) {
  const CoherenceCheck& check = story.coherence.checks.front();
  out.heading("4  coherence: do its beliefs fit together?");
  for (const ClaimBelief& belief : story.coherence.beliefs)
    out.paragraph(fmt::format("{:.2f}  {}", belief.belief.p.value(), belief.claim));
  out.paragraph(
      fmt::format("The two should add up to 1 and are off by {:+.2f}: {}. Whoever trusts both is sure to lose "
                  "{:.2f} for a stake of 1.",
                  check.violation.center, to_word(check.finding), check.price()));
}

void write_drift(const DemoStory& story, Writer& out) {
  const SentinelState& s = story.drift.sentinels.front();
  const char* alarm = story.drift.alarm == Alarm::none ? "no alarm" : "an alarm";
  out.heading("5  drift: has the model changed its mind?");
  out.paragraph(s.claim);
  out.paragraph(fmt::format("{:.2f} at the baseline, {:.2f} now: {} after {} checks. Its name is the same.",
                            s.baseline_p.value(), s.last_p.value(), alarm, story.drift.values.size()));
}

std::size_t passed(const DemoStory& story) {
  return static_cast<std::size_t>(std::ranges::count_if(story.verified, &Verification::passed));
}

void write_verification(const DemoStory& story, const TextStyle& style, Writer& out) {
  const bool all = passed(story) == story.verified.size();
  const std::string verdict = all ? "equal to what is stored" : "DIFFERENT from what is stored";
  out.heading("6  verify: is all of this what was answered?");
  out.paragraph(fmt::format("{} of {} measurements, recomputed from their stored answers:", passed(story),
                            story.verified.size()));
  out.line("   " + (style.color ? fmt::format("\x1b[{}m{}\x1b[0m", all ? 32 : 31, verdict) : verdict));
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
  const std::string run = short_id(story.of(demo.flips), story);
  const auto model = [&](const std::string& key) { return shell_word("model=" + demo.models.at(key).name); };
  const auto command = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "heretix");
    words.insert(words.end(), {"--db", shell_word(places.store())});
    out.command(words);
  };

  out.heading("7  try this");
  command({"list"});
  command({"show", run});
  command({"report", run, "--text"});
  command({"compare", model(demo.compared_a), model(demo.compared_b)});
  command(
      {"coherence", shell_word(demo.related), "--model", shell_word("scripted:" + places.script(demo.related_model))});
  command({"drift", "show", shell_word(places.sentinels())});
  command({"verify", run});

  out.line("");
  out.paragraph(fmt::format("The store, the recordings and a page of the report are in {}.", places.folder));
  out.paragraph("To ask a model: heretix run \"Tariffs cause inflation\"");
}

std::string to_text(const DemoRecordings& demo, const DemoStory& story, const DemoPlaces& places,
                    const TextStyle& style) {
  Writer out(style);
  out.line(emphasised("Heretix demo: six claims, the whole instrument", style));
  out.paragraph(std::string(kMockNotice), 0);
  out.paragraph(fmt::format("The recordings were {}. They show what kinds of models do:", demo.recorded), 0);
  write_models(demo, out);

  write_claims(story, out);
  write_report(demo, story, style, out);
  write_comparison(demo, story, out);
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
  else print_text(to_text(demo, story, places, text_style(read_environment().no_color)));
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
