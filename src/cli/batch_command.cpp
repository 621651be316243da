#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/batch_file.hpp"
#include "cli/batch_results.hpp"
#include "cli/batch_tally.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/expected_cost.hpp"
#include "cli/progress_line.hpp"
#include "cli/run_one.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr std::size_t kColumnsOfPipe = 1000;  // nothing is cut for it

struct BatchOptions : MeasuringOptions {
  std::string file;
};

// What ends one claim only, and what ends the batch.
bool ends_batch(ErrorKind kind) { return kind != ErrorKind::bad_input && kind != ErrorKind::in_doubt; }

// One provider serves all rows that set it up alike.
class Providers {
 public:
  Provider& get(const Settings& settings) {
    const Settings wanted = provider_settings(settings);
    const auto made = std::ranges::find(made_, wanted, &Made::settings);
    if (made != made_.end()) return *made->provider;
    return *made_.emplace_back(wanted, make_provider(settings)).provider;
  }

 private:
  struct Made {
    Settings settings;
    std::unique_ptr<Provider> provider;
  };
  std::vector<Made> made_;
};

// A row may name a store of its own.
class Stores {
 public:
  Database& get(const std::string& path) {
    auto& database = opened_[path];
    if (!database) database = open_harness_file(path, {.access = Access::create});
    return *database;
  }

 private:
  std::map<std::string, std::unique_ptr<Database>> opened_;
};

// One claim for one model.
struct BatchCheck {
  const BatchEntry& entry;
  Resolved resolved;
};

// A row may hold what belongs to one model only, as the options of the command may.
void require_nothing_of_one_model(const Resolved& resolved) {
  if (resolved.settings.price)
    throw Error(ErrorKind::bad_input, "'price' is for one model, but several are given",
                "put their prices into a file and give it with --prices (docs/models.md)");
  if (resolved.settings.base_url)
    throw Error(ErrorKind::bad_input, "'base_url' is for one provider, but several models are given",
                "set OPENAI_BASE_URL and the like instead");
}

void require_one_model_with_price(const std::vector<BatchCheck>& all) {
  const std::string first = all[0].resolved.settings.model.value_or("");
  const auto is_same = [&](const BatchCheck& one) { return one.resolved.settings.model.value_or("") == first; };
  if (!all[0].resolved.settings.price || std::ranges::all_of(all, is_same)) return;
  throw Error(ErrorKind::bad_input, "--price is for one model, but the lines name several",
              "put their prices into a file and give it with --prices (docs/models.md)");
}

// Passes on what it sees, and keeps the last of it.
class WatchedCheck final : public AskObserver {
 public:
  explicit WatchedCheck(AskObserver& shown) : shown_(shown) {}
  const AskProgress& progress() const { return progress_; }
  const std::optional<std::string>& why_incomplete() const { return why_incomplete_; }

  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) override {
    progress_ = progress;
    shown_.on_progress(progress, answers);
  }
  void on_wait(const std::string& why) override { shown_.on_wait(why); }
  void on_open(const Plan& asked, const std::vector<std::size_t>& questions) override {
    shown_.on_open(asked, questions);
  }
  void on_sent(const Plan& asked, std::size_t question) override { shown_.on_sent(asked, question); }
  void on_came(std::size_t question, bool is_over) override { shown_.on_came(question, is_over); }
  void on_work(const WorkDone& work) override { shown_.on_work(work); }
  void on_incomplete(const std::string& why, const AskProgress& progress) override {
    progress_ = progress;
    why_incomplete_ = why;
  }

 private:
  AskObserver& shown_;
  AskProgress progress_;
  std::optional<std::string> why_incomplete_;
};

// The checks of a file by every model of the command. All are made ready before the first is asked.
class BatchRun {
 public:
  explicit BatchRun(const BatchOptions& options)
      : options_(options),
        entries_(read_batch_file(options.file)),
        second_(options),
        budget_(make_budget(options.flags)) {
    const std::vector<BatchOptions> models = one_for_each_model(options);
    for (const BatchEntry& entry : entries_) {
      for (const BatchOptions& one : models) prepare(entry, one);
    }
    if (checks_.empty())
      throw Error(ErrorKind::bad_input, fmt::format("{} contains no claims", options.file),
                  "write one object per line, or one row per claim, with a field 'claim'");
    require_one_model_with_price(checks_);
    tally_.emplace(entries_.size(), models.size());
    file_.emplace(options.out);
  }

  int run() {
    // Every store is there before the first question.
    std::vector<ClaimToAsk> claims;
    for (const BatchCheck& check : checks_) claims.push_back(to_ask(check));
    if (!options_.quiet && !options_.json) tell_expected_cost(claims);

    make_line(claims);
    int worst = kDone;
    for (next_ = 0; next_ < checks_.size(); ++next_) worst = std::max(worst, measure_next());
    file_->complete();
    return worst;
  }

 private:
  void prepare(const BatchEntry& entry, const BatchOptions& one) {
    try {
      Resolved resolved = resolve(one, entry.settings);
      if (options_.models.size() > 1) require_nothing_of_one_model(resolved);
      resolved.request.ask.budget = &budget_;
      const ProviderFacts& facts = providers_.get(resolved.settings).facts();
      require_price(budget_, facts);
      second_.require_fits(resolved, facts);
      checks_.push_back({entry, std::move(resolved)});
    } catch (const Error& e) { throw Error(e.kind(), fmt::format("{}: {}", entry.place, e.what()), e.hint()); }
  }

  ClaimToAsk to_ask(const BatchCheck& check) {
    return {check.resolved, providers_.get(check.resolved.settings), stores_.get(check.resolved.database_path)};
  }

  // A program that reads events gets them of each check.
  void make_line(const std::vector<ClaimToAsk>& claims) {
    const bool shows = progress_of(options_) == ShowProgress::on_terminal && is_terminal(2);
    std::vector<SetProgressLine::Check> checks;
    std::map<const Provider*, std::size_t> models;
    for (const ClaimToAsk& claim : claims) {
      const std::size_t model = models.try_emplace(&claim.provider, models.size()).first->second;
      checks.push_back({.model = model, .open = shows ? open_questions(claim) : 0});
    }
    line_.emplace(std::move(checks), options_.models.size() < 2 ? "claims" : "checks", clock_, shows);
  }

  // A claim that cannot be planned fails when its turn comes.
  static std::size_t open_questions(const ClaimToAsk& claim) {
    try {
      return expected_cost(claim).questions;
    } catch (const Error&) { return 0; }
  }

  // Measures checks_[next_] and returns its exit code. Throws what ends the batch, with all that is kept of it.
  int measure_next() {
    const BatchCheck& check = checks_[next_];
    const ClaimToAsk ask = to_ask(check);
    std::optional<WatchedCheck> watched;
    bool is_finished = false;
    line_->begin(next_);
    try {
      const PlannedCheck planned = plan_resolved(ask.resolved, ask.provider, ask.database);
      ProgressLine events(planned.plan, clock_, tells_events_ ? ShowProgress::as_events : ShowProgress::never);
      watched.emplace(tells_events_ ? static_cast<AskObserver&>(events) : *line_);
      const Record record = run_one(planned, ask.resolved, ask.provider, ask.database, *watched);
      tally_->add_finished(record, watched->progress().may_be_billed);
      is_finished = true;

      line_->end();
      line_->print([&] {
        show(check, ask.provider, record);
        second_.keep(record, ask.database, ask.resolved.database_path);
      });
      return options_.strict && !gates_passed(record) ? kDifference : kDone;
    } catch (const Error& e) {
      const std::string flag = store_flag(ask.resolved.database_path);
      const std::string where = where_of(check, ask.provider);
      const Error told(e.kind(), fmt::format("{}: {}", where, e.what()), with_store(e.hint(), flag));
      const bool handed_over = options_.flags.batch.value_or(false) && e.kind() == ErrorKind::stopped;
      const bool ends = ends_batch(e.kind()) && (!handed_over || stop_signal().stopping());

      if (is_finished) {
        if (ends) throw ended(told.what(), told, next_ + 1);
        line_->print([&] { print_error(told); });
        return exit_code_of(e.kind());
      }
      line_->end();
      const AskProgress progress = watched ? watched->progress() : AskProgress{};
      if (ends) {
        const auto why = watched ? watched->why_incomplete() : std::nullopt;
        tally_->add_unfinished(progress);
        throw ended(fmt::format("{}: {}", where, why.value_or(e.what())), told, next_);
      }
      line_->print([&] { print_error(told); });
      tally_->add_failed(progress);
      file_->add(row_of(check, ask.provider, nullptr, e.what()));
      return exit_code_of(e.kind());
    }
  }

  std::string where_of(const BatchCheck& check, const Provider& provider) const {
    return options_.models.size() < 2 ? check.entry.place
                                      : fmt::format("{} by {}", check.entry.place, provider.facts().model);
  }

  static BatchRow row_of(const BatchCheck& check, const Provider& provider, const Record* record,
                         const std::string& error = {}) {
    return {.place = check.entry.place,
            .claim = check.resolved.request.claim,
            .model = provider.facts().model,
            .record = record,
            .error = error};
  }

  void show(const BatchCheck& check, const Provider& provider, const Record& record) {
    const BatchRow row = row_of(check, provider, &record);
    print_result(options_.json ? to_json(record).dump() + "\n" : table_.row(row));
    file_->add(row);
  }

  // The error that ends the batch: why, what is kept of the whole set, and how to go on. `first`: of the checks that
  // are missing.
  Error ended(const std::string& why, const Error& e, std::size_t first) {
    std::string what = fmt::format("{}{}{}", why, why.ends_with(": stopped") ? ": " : ". ", tally_->kept_in_words());
    if (file_->is_wanted()) what += fmt::format("; the rows so far are in {}", file_->part_path());
    return {e.kind(), what, how_to_go_on(e, first)};
  }

  std::string how_to_go_on(const Error& e, std::size_t first) {
    const bool needs_no_advice = stop_signal().stopping() || budget_.reached() != Budget::Reached::neither;
    const std::string advice = needs_no_advice || e.hint().empty() ? "" : e.hint() + "\n  then: ";
    if (options_.fresh)
      return fmt::format("{}give it the lines from {} on; with --fresh this command asks every claim anew", advice,
                         checks_[std::min(first, checks_.size() - 1)].entry.place);

    const std::optional<ExpectedCost> missing = what_is_missing(first);
    std::vector<std::string> arguments = options_.arguments;
    std::string when;
    if (budget_.reached() == Budget::Reached::cap && missing && missing->most) raise_budget(arguments, *missing->most);
    if (budget_.reached() == Budget::Reached::day_cap) when = "after midnight UTC, or with a higher --budget-day: ";

    std::string asks =
        missing ? fmt::format("asks the {} questions that are missing", missing->questions) : "asks what is missing";
    if (missing && missing->most && *missing->most > Usd())
      asks += fmt::format(", about {}, at most {}", to_text(*missing->about), to_text(*missing->most));
    if (options_.file == "-") asks += "; give it the same lines on standard input";
    return fmt::format("{}{}{}\n  which {}", advice, when, same_command(arguments), asks);
  }

  // What the same command would ask now. Empty if it cannot be told, or if it would take too long for somebody who has
  // interrupted twice.
  std::optional<ExpectedCost> what_is_missing(std::size_t first) {
    ExpectedCost sum{.about = Usd(), .most = Usd()};
    try {
      for (std::size_t i = first; i < checks_.size(); ++i) {
        if (stop_signal().leaving()) return std::nullopt;
        sum += expected_cost(to_ask(checks_[i]));
      }
    } catch (const Error&) { return std::nullopt; }
    return sum;
  }

  // A budget that surely suffices, in whole cents.
  static void raise_budget(std::vector<std::string>& arguments, Usd most) {
    constexpr std::int64_t kMicrosInCent = 10'000;
    const std::int64_t cents = (most.micros_above() + kMicrosInCent - 1) / kMicrosInCent;
    const std::string dollars = fmt::format("{}.{:02}", cents / 100, cents % 100);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i] == "--budget" && i + 1 < arguments.size()) arguments[i + 1] = dollars;
      if (arguments[i].starts_with("--budget=")) arguments[i] = "--budget=" + dollars;
    }
  }

  const BatchOptions& options_;
  const bool tells_events_ = progress_of(options_) == ShowProgress::as_events;
  const SystemClock clock_;
  std::vector<BatchEntry> entries_;
  Providers providers_;
  SecondStore second_;
  Budget budget_;
  Stores stores_;
  std::vector<BatchCheck> checks_;  // by claim, then by model
  std::size_t next_ = 0;
  std::optional<BatchTally> tally_;
  std::optional<BatchFile> file_;
  std::optional<SetProgressLine> line_;
  BatchTable table_{is_terminal(1) ? text_style(true).columns : kColumnsOfPipe};
};

int batch_command(const BatchOptions& options) {
  stop_signal();  // from here on a signal stops the command cleanly
  return BatchRun(options).run();
}

}  // namespace

void register_batch(CommandTable& table) {
  const auto [batch, o] = table.add<BatchOptions>(
      "batch", "measure many claims: .jsonl, .csv, or - for JSON lines on standard input", batch_command);
  batch
      .add_option("file", o.file,
                  "one claim per line or row, in the field 'claim', with other configuration fields beside it")
      ->type_name("FILE")
      ->required();
  add_plan_options(batch, o);
  add_ask_options(batch, o);
  o.database_is_second = true;
  add_database(batch, o, "also keep the checks in this Postgres database, in addition to the store");
  batch
      .add_option("-o,--out", o.out,
                  "also write the results as a table: .csv, or .jsonl for JSON lines; one row for each claim and model "
                  "(docs/batch.md)")
      ->type_name("FILE");
  add_json(batch, o);
}

}  // namespace heretix
