#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

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
#include "cli/tracing.hpp"
#include "measure/check_set.hpp"
#include "measure/traced_check.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr std::size_t kColumnsOfPipe = 1000;      // nothing is cut for it
constexpr std::size_t kMostPlanned = 2000;        // checks whose cost is worked out; of more of them a sample
constexpr std::size_t kMostCounted = 20'000;      // checks that may still be open where a stopped batch counts them
constexpr std::size_t kMostAtOnce = 128;          // checks
constexpr std::size_t kRoundsAhead = 6;           // for what is planned, committed and judged while others are asked
constexpr std::string_view kStopped = "stopped";  // why a check is incomplete that was told to stop
constexpr std::size_t kAtOnceInProcess = 2;       // one is planned or judged while another is asked

struct BatchOptions : MeasuringOptions {
  std::string file;
  std::string order = "file";
  TraceOptions trace;
};

// What ends one claim only, and what ends the batch.
bool ends_batch(ErrorKind kind) { return kind != ErrorKind::bad_input && kind != ErrorKind::in_doubt; }

// One provider serves all rows that set it up alike.
class Providers {
 public:
  struct Made {
    Settings settings;
    std::unique_ptr<Provider> provider;
    std::size_t number = 0;
    std::size_t checks = 0;     // that are to be made
    std::size_t questions = 1;  // of such a check, about
    std::size_t expected = 0;   // questions of a check that are to be asked, on average
    std::size_t planned = 0;    // checks of the sample
    std::unique_ptr<SharedProvider> shared{};
  };

  Made& get(const Settings& settings) {
    const Settings wanted = provider_settings(settings);
    const auto made = std::ranges::find_if(made_, [&](const auto& one) { return one->settings == wanted; });
    if (made != made_.end()) return **made;
    made_.push_back(std::make_unique<Made>(Made{.settings = wanted, .provider = make_provider(settings)}));
    made_.back()->number = made_.size() - 1;
    return *made_.back();
  }
  const std::vector<std::unique_ptr<Made>>& all() const { return made_; }

 private:
  std::vector<std::unique_ptr<Made>> made_;
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

// A row may hold what belongs to one model only, as the options of the command may.
void require_nothing_of_one_model(const Resolved& resolved) {
  if (resolved.settings.price)
    throw Error(ErrorKind::bad_input, "'price' is for one model, but several are given",
                "put their prices into a file and give it with --prices (docs/models.md)");
  if (resolved.settings.base_url)
    throw Error(ErrorKind::bad_input, "'base_url' is for one provider, but several models are given",
                "set OPENAI_BASE_URL and the like instead");
}

// Passes on what it sees, and keeps the last of it.
class WatchedCheck final : public AskObserver {
 public:
  void watch(AskObserver& shown) { shown_ = &shown; }
  const AskProgress& progress() const { return progress_; }
  const std::optional<std::string>& why_incomplete() const { return why_incomplete_; }

  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) override {
    progress_ = progress;
    shown_->on_progress(progress, answers);
  }
  void on_wait(const std::string& why) override { shown_->on_wait(why); }
  void on_open(const Plan& asked, const std::vector<std::size_t>& questions) override {
    shown_->on_open(asked, questions);
  }
  void on_sent(const Plan& asked, std::size_t question) override { shown_->on_sent(asked, question); }
  void on_came(std::size_t question, bool is_over) override { shown_->on_came(question, is_over); }
  void on_work(const WorkDone& work) override { shown_->on_work(work); }
  void on_incomplete(const std::string& why, const AskProgress& progress) override {
    progress_ = progress;
    why_incomplete_ = why;
  }

 private:
  AskObserver* shown_ = nullptr;
  AskProgress progress_;
  std::optional<std::string> why_incomplete_;
};

// The results would take the place of the claims and their settings.
void require_other_file(const BatchOptions& options) {
  std::error_code unknown;
  if (options.out.empty() || !std::filesystem::equivalent(options.file, options.out, unknown)) return;
  throw Error(ErrorKind::bad_input, fmt::format("--out names {}, which holds the claims", options.out),
              "name another file for the results, e.g. --out results.csv");
}

// The checks of a file by every model of the command, claim by claim and then model by model. The file is gone through
// before the first question is asked, so that a bad line costs nothing, and again while they are made: it may be longer
// than what fits in memory.
class BatchRun {
 public:
  explicit BatchRun(const BatchOptions& options)
      : options_(options),
        reader_(options.file),
        second_(options),
        budget_(make_budget(options.flags)),
        models_(one_for_each_model(options)),
        set_(stop_signal(), options.order == "file" ? ReportOrder::as_given : ReportOrder::as_finished) {
    require_other_file(options);
    for (const BatchOptions& one : models_) resolvers_.emplace_back(one);
    look_through();
    tally_.emplace(claims_, models_.size());
    file_.emplace(options.out, others_);
  }

  int run() {
    // Every store is there before the first question.
    for (const std::string& path : store_paths_) stores_.get(path);
    expect();
    make_line();
    reader_.rewind();
    reported_.assign(claims_ * models_.size(), false);
    set_.run(at_once(), [this] { return next_job(); });
    for (const auto& made : providers_.all()) made->shared.reset();
    if (ending_) throw ended(*ending_);
    file_->complete();
    return worst_;
  }

 private:
  using Entry = std::shared_ptr<const BatchEntry>;

  // One claim for one model.
  struct Check {
    Entry entry;
    std::size_t number = 0;  // of all checks
  };

  // What ended the batch.
  struct Ending {
    std::size_t number;  // of the check
    std::string why;
    Error error;
  };

  std::size_t model_of(std::size_t check) const { return check % models_.size(); }

  Resolved resolved(const BatchEntry& entry, std::size_t model) {
    try {
      Resolved resolved = resolvers_[model].resolve(entry.settings);
      resolved.request.ask.budget = &budget_;
      return resolved;
    } catch (const Error& e) { throw at(entry, e); }
  }

  static Error at(const BatchEntry& entry, const Error& e) {
    return {e.kind(), fmt::format("{}: {}", entry.place, e.what()), e.hint()};
  }

  // Whatever is wrong with a line or a model is found here.
  void look_through() {
    std::set<std::string> asked;
    bool has_price = false;
    while (const auto entry = reader_.next()) {
      ++claims_;
      for (const GivenField& other : entry->others) {
        if (std::ranges::find(others_, other.name) == others_.end()) others_.push_back(other.name);
      }
      for (std::size_t model = 0; model < models_.size(); ++model) {
        const Resolved one = resolved(*entry, model);
        store_paths_.insert(one.database_path);
        asked.insert(one.settings.model.value_or(""));
        has_price = has_price || one.settings.price;
        try {
          require_possible(one);
        } catch (const Error& e) { throw at(*entry, e); }
      }
    }

    if (claims_ == 0)
      throw Error(ErrorKind::bad_input, fmt::format("{} contains no claims", options_.file),
                  "write one object per line, or one row per claim, with a field 'claim'");
    if (has_price && asked.size() > 1)
      throw Error(ErrorKind::bad_input, "--price is for one model, but the lines name several",
                  "put their prices into a file and give it with --prices (docs/models.md)");
  }

  void require_possible(const Resolved& one) {
    if (models_.size() > 1) require_nothing_of_one_model(one);
    Providers::Made& made = providers_.get(one.settings);
    require_price(budget_, made.provider->facts());
    second_.require_fits(one, made.provider->facts());

    const Sampling& sampling = one.request.sampling;
    const int slots = sampling.ladder ? sampling.ladder->rungs.front() : sampling.slots;
    made.questions = static_cast<std::size_t>(std::max(1, slots * sampling.replicates));
    ++made.checks;
    is_in_batch_ = is_in_batch_ || one.request.ask.in_batch;
  }

  // What will be asked, and what it may cost, where somebody sees it: of a very long file by every so many checks.
  void expect() {
    if (!tells_cost_ && !shows_line_) return;
    const std::size_t all = claims_ * models_.size();
    const std::size_t every = (all + kMostPlanned - 1) / kMostPlanned;
    ExpectedOfSet expected;

    reader_.rewind();
    for (std::size_t check = 0; const auto entry = reader_.next();) {
      for (std::size_t model = 0; model < models_.size(); ++model, ++check) {
        if (check % every != 0) continue;
        const Resolved one = resolved(*entry, model);
        Providers::Made& made = providers_.get(one.settings);
        try {
          const ClaimToAsk claim{one, *made.provider, stores_.get(one.database_path)};
          std::optional<ExpectedCost> of_claim;
          if (shows_line_) of_claim = expected_cost(claim);
          if (tells_cost_) expected.add(claim, of_claim);
          if (!of_claim) continue;
          made.expected += of_claim->questions;
          ++made.planned;
        } catch (const Error& e) {
          if (tells_cost_) throw at(*entry, e);  // else the claim fails when its turn comes
        }
      }
    }
    if (tells_cost_) expected.tell(every == 1 ? 0 : all);
    for (const auto& made : providers_.all()) {
      if (made->planned > 0) made->expected = (made->expected + made->planned - 1) / made->planned;
    }
  }

  // A program that reads events gets them of each check.
  void make_line() {
    line_.emplace(claims_ * models_.size(), models_.size() < 2 ? "claims" : "checks", clock_, shows_line_);
    for (const auto& made : providers_.all())
      line_->expect({.model = made->number, .count = made->checks * made->expected});
  }

  // As many as keep every model busy, while others are planned and judged.
  std::size_t at_once() const {
    if (is_in_batch_) return 1;  // what is handed over together belongs to one claim
    std::size_t checks = 0;
    for (const auto& made : providers_.all()) {
      const Provider& provider = *made->provider;
      checks += provider.company() == Company::joined
                    ? kRoundsAhead * provider.most_at_once() / made->questions + kRoundsAhead
                    : kAtOnceInProcess;
    }
    return std::min(checks, kMostAtOnce);
  }

  std::optional<CheckSet::Job> next_job() {
    if (next_ % models_.size() == 0) {
      auto read = reader_.next();
      if (!read) return std::nullopt;
      entry_ = std::make_shared<const BatchEntry>(std::move(*read));
    }
    const Check check{.entry = entry_, .number = next_++};
    const std::size_t model = model_of(check.number);
    return CheckSet::Job{.alone_by = fmt::format("{} {}", model, *check.entry->settings.claim),
                         .make = [this, check] { return measured(check); }};
  }

  // Measures one claim. Returns what shows its result, or why there is none.
  CheckSet::Report measured(const Check& check) {
    const Resolved one = resolved(*check.entry, model_of(check.number));
    Providers::Made& made = providers_.get(one.settings);
    Database& store = stores_.get(one.database_path);

    // What is handed over to a batch API is one claim after the other, so nothing is shared.
    if (is_in_batch_) return measured(check, one, made, *made.provider, store);
    if (!made.shared) made.shared = std::make_unique<SharedProvider>(*made.provider, set_.shared());
    const auto provider = made.shared->for_one_check();
    const auto database = set_.shared().stores.for_one_check(store);
    return measured(check, one, made, *provider, *database);
  }

  CheckSet::Report measured(const Check& check, const Resolved& one, const Providers::Made& made, Provider& provider,
                            Database& database) {
    const trace::Current below(command_span_);
    const auto on_line = line_->begin({.model = made.number, .count = made.expected});
    WatchedCheck watched;
    watched.watch(*on_line);
    try {
      const PlannedCheck planned = plan_resolved(one, provider, database);
      ProgressLine events(planned.plan, clock_, tells_events_ ? ShowProgress::as_events : ShowProgress::never);
      if (tells_events_) watched.watch(events);
      RunStore runs(database);
      CheckPorts ports{one.banks, provider, runs, one.database_path, clock_, set_.stop(), watched};
      ports.do_apart = [this](const std::function<void()>& work) {
        const WithoutBaton without(set_.shared().baton);
        work();
      };
      const Record record = run_traced_check(planned, ports);
      tally_->add_finished(record, watched.progress().may_be_billed);
      return finished(check, one, database, record);
    } catch (const Error& e) { return failed(check, one, provider.facts().model, e, watched); }
  }

  CheckSet::Report finished(const Check& check, const Resolved& one, Database& database, const Record& record) {
    if (options_.strict && !gates_passed(record)) worst_ = std::max(worst_, static_cast<int>(kDifference));
    const BatchRow row = row_of(check, record.plan.recipe.model, &record);

    // Where it cannot be kept in the second store too, its result is shown all the same.
    std::optional<Error> not_kept;
    try {
      second_.keep(record, database, one.database_path);
    } catch (const Error& e) { not_kept = told(check, one, record.plan.recipe.model, e); }
    if (not_kept && ends_batch(not_kept->kind())) end(check.number, not_kept->what(), *not_kept);

    std::string shown = options_.json ? to_json(record).dump() + "\n" : table_.row(row);
    return [this, number = check.number, shown = std::move(shown), filed = file_->text_of(row), not_kept] {
      reported_[number] = true;
      line_->print([&] {
        if (!options_.json && !std::exchange(has_header_, true)) print_result(table_.header());
        print_result(shown);
        file_->add(filed);
        if (!not_kept || ends_batch(not_kept->kind())) return;
        print_error(*not_kept);
        worst_ = std::max(worst_, exit_code_of(not_kept->kind()));
      });
    };
  }

  CheckSet::Report failed(const Check& check, const Resolved& one, const ModelName& model, const Error& e,
                          const WatchedCheck& watched) {
    const Error error = told(check, one, model, e);
    const bool handed_over = options_.flags.batch.value_or(false) && e.kind() == ErrorKind::stopped;
    if (ends_batch(e.kind()) && (!handed_over || stop_signal().stopping())) {
      tally_->add_unfinished(watched.progress());
      // That the set has ended is no reason of its own.
      const bool is_cut_short = ending_ && watched.why_incomplete() == kStopped;
      if (is_cut_short) return {};
      end(check.number,
          fmt::format("{}: {}", where_of(*check.entry, model), watched.why_incomplete().value_or(e.what())), error);
      return {};
    }

    tally_->add_failed(watched.progress());
    worst_ = std::max(worst_, exit_code_of(e.kind()));
    return [this, number = check.number, error, filed = file_->text_of(row_of(check, model, nullptr, e.what()))] {
      reported_[number] = true;
      line_->print([&] { print_error(error); });
      file_->add(filed);
    };
  }

  // Of the errors that end it, that of the earliest claim is told.
  void end(std::size_t number, const std::string& why, const Error& error) {
    set_.end();
    if (!ending_ || number < ending_->number) ending_.emplace(Ending{number, why, error});
  }

  Error told(const Check& check, const Resolved& one, const ModelName& model, const Error& e) const {
    return {e.kind(), fmt::format("{}: {}", where_of(*check.entry, model), e.what()),
            with_store(e.hint(), store_flag(one.database_path))};
  }

  std::string where_of(const BatchEntry& entry, const ModelName& model) const {
    return models_.size() < 2 ? entry.place : fmt::format("{} by {}", entry.place, model);
  }

  static BatchRow row_of(const Check& check, const ModelName& model, const Record* record,
                         const std::string& error = {}) {
    return {.place = check.entry->place,
            .claim = *check.entry->settings.claim,
            .model = model,
            .record = record,
            .error = error,
            .others = &check.entry->others};
  }

  // The error that ends the batch: why, what is kept of the whole set, and how to go on.
  Error ended(const Ending& ending) {
    const std::string& why = ending.why;
    std::string what = fmt::format("{}{}{}", why, why.ends_with(": stopped") ? ": " : ". ", tally_->kept_in_words());
    if (file_->is_wanted()) what += fmt::format("; the rows so far are in {}", file_->part_path());
    return {ending.error.kind(), what, how_to_go_on(ending.error)};
  }

  std::string how_to_go_on(const Error& e) {
    const bool needs_no_advice = stop_signal().stopping() || budget_.reached() != Budget::Reached::neither;
    const std::string advice = needs_no_advice || e.hint().empty() ? "" : e.hint() + "\n  then: ";
    if (options_.fresh)
      return fmt::format("{}give it the lines from {} on; with --fresh this command asks every claim anew", advice,
                         place_of_first_missing());

    const std::optional<ExpectedCost> missing = what_is_missing();
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

  // Calls `body` with each check that has no result, until it returns false.
  void for_each_missing(const std::function<bool(const BatchEntry&, std::size_t model)>& body) {
    reader_.rewind();
    for (std::size_t check = 0; const auto entry = reader_.next();) {
      for (std::size_t model = 0; model < models_.size(); ++model, ++check) {
        if (!reported_[check] && !body(*entry, model)) return;
      }
    }
  }

  std::string place_of_first_missing() {
    std::string place;
    for_each_missing([&](const BatchEntry& entry, std::size_t) {
      place = entry.place;
      return false;
    });
    return place;
  }

  // What the same command would ask now. Empty if it cannot be told, or if it would take too long.
  std::optional<ExpectedCost> what_is_missing() {
    if (static_cast<std::size_t>(std::ranges::count(reported_, false)) > kMostCounted) return std::nullopt;
    ExpectedCost sum{.about = Usd(), .most = Usd()};
    try {
      for_each_missing([&](const BatchEntry& entry, std::size_t model) {
        const Resolved one = resolved(entry, model);
        sum += expected_cost({one, *providers_.get(one.settings).provider, stores_.get(one.database_path)});
        return !stop_signal().leaving();
      });
    } catch (const Error&) { return std::nullopt; }
    if (stop_signal().leaving()) return std::nullopt;
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
  const bool shows_line_ = progress_of(options_) == ShowProgress::on_terminal && is_terminal(2);
  const std::optional<trace::SpanContext> command_span_ = trace::current();  // its checks run on other threads
  const bool tells_cost_ = !options_.quiet && !options_.json;
  const SystemClock clock_;
  BatchReader reader_;
  SecondStore second_;
  Budget budget_;
  const std::vector<BatchOptions> models_;
  std::vector<Resolver> resolvers_;  // by model
  std::size_t claims_ = 0;
  std::vector<std::string> others_;  // columns that are carried through
  std::set<std::string> store_paths_;
  bool is_in_batch_ = false;

  Stores stores_;
  CheckSet set_;
  Providers providers_;
  std::optional<BatchTally> tally_;
  std::optional<BatchFile> file_;
  std::optional<SetProgressLine> line_;
  const BatchTable table_{is_terminal(1) ? text_style(true).columns : kColumnsOfPipe};

  // While they are made.
  Entry entry_;           // that was read last
  std::size_t next_ = 0;  // check
  std::vector<bool> reported_;
  bool has_header_ = false;
  int worst_ = kDone;
  std::optional<Ending> ending_;
};

int batch_command(const BatchOptions& options) {
  stop_signal();  // from here on a signal stops the command cleanly
  const CommandTrace trace(options.trace, "heretix batch");
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
      .add_option(
          "-o,--out", o.out,
          "also write the results as a table: .csv, .jsonl for JSON lines, or .parquet; one row for each claim and "
          "model (docs/batch.md)")
      ->type_name("FILE");
  batch
      .add_option("--order", o.order,
                  "report the results in the order of the file, or as they are finished: file or finished")
      ->check(CLI::IsMember({"file", "finished"}))
      ->capture_default_str();

  add_tracing(batch, o.trace);
  add_json(batch, o);
}

}  // namespace heretix
