#include "service/worker/worker.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/mail_address.hpp"
#include "base/random.hpp"
#include "base/sha256.hpp"
#include "measure/check_row.hpp"
#include "measure/run_check.hpp"
#include "measure/traced_check.hpp"
#include "service/account/magic_links.hpp"
#include "service/checks/check_job.hpp"
#include "service/checks/job_trace.hpp"
#include "service/checks/served_checks.hpp"
#include "service/checks/web_words.hpp"
#include "service/intake/intake.hpp"
#include "service/privacy/removal.hpp"
#include "service/repeats/repeats.hpp"
#include "service/worker/check_observer.hpp"
#include "service/worker/clean_up.hpp"
#include "trace/tracer.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMostCheckAttempts = 8;
constexpr std::int64_t kMostMailAttempts = 6;
constexpr std::int64_t kMostLostLeases = 20;  // for a job that crashes its workers
constexpr auto kLookAfterCancelled = 1s;
// For a sign-in mail in a folder; its link is valid for ten minutes.
constexpr auto kMailLife = std::chrono::hours(24);

// Only an outage is worth another try. What was refused once would be refused again.
bool is_for_good(const Error& e) {
  return e.kind() != ErrorKind::unavailable && e.kind() != ErrorKind::too_many && e.kind() != ErrorKind::conflict;
}

std::string text_for_people(const Error& e) {
  return e.hint().empty() ? std::string(e.what()) : fmt::format("{}; {}", e.what(), e.hint());
}

// Of a job of the kind kCheckJob.
CheckId check_of(const ClaimedJob& job) { return CheckId{job.unique_key}; }

}  // namespace

// One thread of a worker, with the connection and the providers that it alone uses.
class Worker::Lane {
 public:
  Lane(Worker& worker, std::vector<std::string> kinds)
      : worker_(worker), parts_(worker.parts_), kinds_(std::move(kinds)) {}

  void run() {
    while (!worker_.draining_) {
      try {
        if (!run_next() && !worker_.wait_for_work()) return;
      } catch (const std::exception& e) {
        // The database cannot be reached; the job's lease runs out, or no job was claimed.
        parts_.log({.job_id = "", .kind = "worker", .outcome = JobOutcome::database, .error = e.what()});
        database_.reset();
        std::this_thread::sleep_for(500ms);
      }
    }
  }

 private:
  Database& database() {
    if (!database_) {
      database_ = parts_.open_database();
      answers_ = parts_.open_answers(*database_);
    }
    return *database_;
  }

  void in_lease(const LeaseToken& token, const std::function<void(Queue&)>& body) {
    in_transaction(database(),
                   [&] {
                     Queue queue(database());
                     if (queue.holds(token)) body(queue);
                   },
                   {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
  }

  bool run_next() {
    const LeaseToken token("lease-" + random_hex(16));
    const auto job = Queue(database()).claim(kinds_, token);
    if (!job) return false;

    trace::Span span("job " + job->kind, trace::SpanKind::consumer, trace_of_job(job->payload));
    const trace::Current here(span.context());
    const auto started = parts_.clock.steady();
    StopSignal stop;
    std::atomic<bool> is_cancelled = false, is_lost = false;

    const bool is_check = job->kind == kCheckJob;
    worker_.hold(token, {&stop, is_check ? std::optional(check_of(*job)) : std::nullopt, &is_cancelled, &is_lost});
    WorkerLog log{
        .job_id = job->id, .kind = job->kind, .outcome = JobOutcome::done, .error = "", .attempt = job->attempt};

    // What is held points to variables of this function, so it is released on every way out.
    try {
      if (is_check) run_check_job(*job, stop, is_cancelled, is_lost, log);
      else run_other(*job, log);
    } catch (const std::exception& e) {
      worker_.release(token);
      span.fail("database");
      throw;
    }
    worker_.release(token);

    log.seconds = std::chrono::duration<double>(parts_.clock.steady() - started).count();
    set_outcome(span, log);
    parts_.log(log);
    return true;
  }

  // Without the error's words, which may repeat a claim or an address.
  static void set_outcome(trace::Span& span, const WorkerLog& log) {
    span.set("heretix.job.id", log.job_id);
    span.set("heretix.job.kind", log.kind);
    span.set("heretix.job.attempt", log.attempt);
    span.set("heretix.job.outcome", std::string(to_word(log.outcome)));
    if (!log.error.empty()) span.fail(to_word(log.outcome));
  }

  void run_other(const ClaimedJob& job, WorkerLog& log) {
    try {
      if (job.kind == kLinkMailJob) send_link(job);
      else if (job.kind == kRepeatJob) ask_again(job);
      else if (job.kind == kForgetJob) forget_executions(database(), answers_, {ExecutionId{job.unique_key}});
      else if (job.kind == kForgetDecisionJob) forget_decisions(database(), answers_, {job.unique_key});
      else clean_up_here();
      in_lease(job.lease_token, [&](Queue& queue) { queue.finish(job.lease_token); });
    } catch (const Error& e) {
      log.error = without_mail_addresses(e.what());  // the refusal of a mail server may name the address
      log.outcome = JobOutcome::again;
      in_lease(job.lease_token, [&](Queue& queue) {
        if (queue.fail(job.lease_token, log.error, is_for_good(e), kMostMailAttempts) == Queue::Failed::dead)
          log.outcome = JobOutcome::dead;
      });
    }
  }

  // Asks for the check of a repeat as its owner would. A worker that crashes in between has asked once: the key is that
  // of the job, and a repeat that has gone on leaves the job nothing to do.
  void ask_again(const ClaimedJob& job) {
    const RepeatedJob wanted = repeated_job_of(job);
    const auto repeat = Repeats(database()).find(wanted.id);
    if (!repeat || std::to_string(repeat->runs) != wanted.number) return;
    const auto owner = Users(database()).find(repeat->user_id);
    if (!owner) return;

    std::optional<CheckId> check_id;
    std::optional<std::string> trouble;
    try {
      if (!owner->is_active()) throw Error(ErrorKind::not_allowed, "the account is suspended");
      check_id = parts_.accept_check(
          database(), repeated_wish(*repeat), {.who = *owner, .network = kRepeatJob},
          {.key = fmt::format("{} {}", kRepeatJob, job.unique_key), .body_sha256 = sha256_hex(repeat->wish)});
    } catch (const Error& e) {
      if (!is_for_good(e)) throw;
      trouble = in_web_words(text_for_people(e));
    }
    in_transaction(database(), [&] { Repeats(database()).note(*repeat, check_id, trouble); },
                   {.isolation = Isolation::beside_others});
  }

  void clean_up_here() {
    clean_up(database(), answers_, parts_.secret, parts_.keep_checks_days);
    parts_.mailer.forget_older_than(kSignInSubject, kMailLife);
  }

  void send_link(const ClaimedJob& job) {
    const auto payload = nlohmann::json::parse(job.payload);
    const std::string email = payload.at("email");
    const std::string next = payload.value("next", "");
    const std::string link = MagicLinks(database(), parts_.secret).make(email);
    parts_.mailer.send(
        {.from = parts_.mail_from,
         .to = {email},
         .subject = kSignInSubject,
         .body = fmt::format("Open this page to sign in to Heretix:\n\n{}/sign-in/{}{}\n\nIt can be used once, within "
                             "10 minutes. If you did not ask for it, ignore this mail: nothing will happen.\n",
                             parts_.origin, link, next.empty() ? "" : "?next=" + next)});
  }

  Provider& provider_of(const std::string& model) {
    const std::string today = utc_day(unix_seconds(parts_.clock.now()));
    Loaded& loaded = providers_[model];
    if (loaded.day != today) loaded = {today, parts_.make_provider(model)};
    return *loaded.provider;
  }

  // Returns the execution that is to measure the check: the one whose digits the run id has shown since the check was
  // accepted. Empty if there is nothing to do.
  std::optional<ExecutionId> begin(const ClaimedJob& job) {
    std::optional<ExecutionId> execution_id;
    in_lease(job.lease_token, [&](Queue& queue) {
      const auto begun = ServedChecks(database()).begin(check_of(job), job.lease_token);
      if (begun) execution_id = execution_in(*begun);
      else queue.finish(job.lease_token);  // the check was removed, or has ended
    });
    return execution_id;
  }

  Record measure(const ClaimedJob& job, const CheckJob& wanted, const ExecutionId& execution_id, const StopSignal& stop,
                 std::atomic<bool>& is_lost) {
    Provider& provider = provider_of(wanted.model);
    Budget budget({.command = Usd::from_micros(wanted.most_micro_usd), .day = {}});
    CheckRequest request = wanted.request;
    if (provider.facts().price && !provider.facts().price->is_free()) request.ask.budget = &budget;
    const PlannedCheck check = plan_check(request, parts_.banks, provider, *answers_.runs, execution_id);
    require_as_accepted(wanted, check);
    CheckObserver observer(check, parts_.clock, [&](const std::string& payload) {
      in_transaction(database(),
                     [&] {
                       if (!ServedChecks(database()).progress(check_of(job), job.lease_token, payload)) is_lost = true;
                     },
                     {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_let_go});
    });
    const std::string owner = answers_.path.empty() ? job.lease_token.text() : "";
    return run_traced_check(check, {.banks = parts_.banks,
                                    .provider = provider,
                                    .runs = *answers_.runs,
                                    .database_path = answers_.path,
                                    .clock = parts_.clock,
                                    .stop = stop,
                                    .observer = observer,
                                    .owner = owner,
                                    .keeps_execution_id = true});
  }

  // Of a check that was removed while it ran: what came for it meanwhile. The job that was left for this is then done.
  void forget_if_removed(const CheckId& check_id, const ExecutionId& execution_id) {
    if (!ServedChecks(database()).is_there(check_id)) forget_executions(database(), answers_, {execution_id});
  }

  void run_check_job(const ClaimedJob& job, StopSignal& stop, const std::atomic<bool>& is_cancelled,
                     std::atomic<bool>& is_lost, WorkerLog& log) {
    const std::optional<ExecutionId> execution_id = begin(job);
    if (!execution_id) {
      log.outcome = JobOutcome::gone;
      return;
    }
    if (ServedChecks(database()).is_cancel_requested(check_of(job))) return end(job, std::nullopt, log);
    if (job.attempt > kMostLostLeases)
      return end(job, CheckError{ErrorKind::broken, "the check stopped its workers"}, log);
    try {
      const CheckJob wanted = check_job_from(job.payload);
      const Record record = measure(job, wanted, *execution_id, stop, is_lost);
      log.outcome = JobOutcome::lost;
      in_lease(job.lease_token, [&](Queue& queue) {
        if (!ServedChecks(database()).finish(check_of(job), job.lease_token, record, parts_.env)) return;
        queue.finish(job.lease_token);
        log.outcome = JobOutcome::done;
      });
    } catch (const Error& e) {
      log.error = e.what();
      if (is_cancelled) end(job, std::nullopt, log);
      else if (e.kind() == ErrorKind::stopped && worker_.draining_) hand_back(job, log);
      else fail(job, e, log);
    }
    forget_if_removed(check_of(job), *execution_id);
  }

  // The check ends without a result, so it is given back to whoever was charged.
  // Without an error it was cancelled.
  void end(const ClaimedJob& job, const std::optional<CheckError>& error, WorkerLog& log) {
    log.outcome = error ? JobOutcome::failed : JobOutcome::cancelled;
    in_lease(job.lease_token, [&](Queue& queue) {
      if (!ServedChecks(database()).end(check_of(job), job.lease_token, error)) return;
      give_back(database(), check_of(job));
      if (error) queue.fail(job.lease_token, error->text, true, 0);
      else queue.finish(job.lease_token);
    });
  }

  void hand_back(const ClaimedJob& job, WorkerLog& log) {
    log.outcome = JobOutcome::handed_back;
    in_lease(job.lease_token, [&](Queue& queue) {
      ServedChecks(database()).requeue(check_of(job), job.lease_token, "the server restarts");
      queue.hand_back(job.lease_token);
    });
  }

  void fail(const ClaimedJob& job, const Error& e, WorkerLog& log) {
    if (is_for_good(e) || job.attempt >= kMostCheckAttempts)
      return end(job, CheckError{e.kind(), text_for_people(e)}, log);
    log.outcome = JobOutcome::again;
    in_lease(job.lease_token, [&](Queue& queue) {
      ServedChecks(database()).requeue(check_of(job), job.lease_token, text_for_people(e));
      queue.fail(job.lease_token, e.what(), false, kMostCheckAttempts + 1);
    });
  }

  Worker& worker_;
  WorkerParts& parts_;
  std::vector<std::string> kinds_;
  std::unique_ptr<Database> database_;
  AnswersPlace answers_;

  // By model, so that each loads what it needs only once a day: the prompts of some models tell the date.
  struct Loaded {
    std::string day;
    std::unique_ptr<Provider> provider;
  };
  std::map<std::string, Loaded> providers_;
};

Worker::Worker(WorkerParts parts) : parts_(std::move(parts)) {}

Worker::~Worker() { drain(0s); }

void Worker::start() {
  for (int i = 0; i < parts_.check_threads; ++i) threads_.emplace_back([this] { Lane(*this, {kCheckJob}).run(); });
  threads_.emplace_back([this] {
    Lane(*this, {kLinkMailJob, kCleanUpJob, kForgetJob, kForgetDecisionJob, kRepeatJob}).run();
  });
  renewer_ = std::thread([this] { renew_leases(); });
}

void Worker::wake() { woken_.notify_all(); }

bool Worker::wait_for_work() {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, parts_.poll);
  return !draining_;
}

void Worker::hold(const LeaseToken& token, Held held) {
  const std::lock_guard lock(mutex_);
  held_[token] = std::move(held);
}

void Worker::release(const LeaseToken& token) {
  const std::lock_guard lock(mutex_);
  held_.erase(token);
}

void Worker::look_after(Database& database, Queue& queue, bool renews) {
  // A copy, because the queries below must not run under the lock.
  std::map<LeaseToken, Held> held;
  {
    const std::lock_guard lock(mutex_);
    held = held_;
  }

  const auto press = [&](const LeaseToken& token, std::atomic<bool>* why, int presses) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(token);  // it may have ended meanwhile
    if (found == held_.end()) return;
    if (why != nullptr) *why = true;
    found->second.stop->presses = std::max(found->second.stop->presses.load(), presses);
  };

  // One press lets open requests finish; two presses drop them.
  for (const auto& [token, job] : held) {
    if (renews && !queue.renew(token)) press(token, job.is_lost, 2);
    if (job.check_id && ServedChecks(database).is_cancel_requested(*job.check_id)) press(token, job.is_cancelled, 1);
    // A check that was removed is wanted by nobody, so its open requests are dropped.
    if (job.check_id && !ServedChecks(database).is_there(*job.check_id)) press(token, job.is_lost, 2);
    if (draining_) press(token, nullptr, 1);
  }
}

void Worker::renew_leases() {
  std::unique_ptr<Database> database;
  auto next_renewal = parts_.clock.steady();
  while (!ended_) {
    try {
      if (!database) database = parts_.open_database();
      Queue queue(*database);
      const bool renews = parts_.clock.steady() >= next_renewal;
      if (renews) next_renewal = parts_.clock.steady() + kLeaseRenewal;
      look_after(*database, queue, renews);
      if (renews && !draining_) enqueue_clean_up(*database);
    } catch (const std::exception& e) {
      parts_.log({.job_id = "", .kind = "renewal", .outcome = JobOutcome::database, .error = e.what()});
      database.reset();
    }
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, draining_ ? 50ms : std::chrono::milliseconds(kLookAfterCancelled));
  }
}

void Worker::drain(std::chrono::seconds patience) {
  if (threads_.empty()) return;
  draining_ = true;
  woken_.notify_all();
  // The renewing thread presses once. This one drops everything in flight when the patience ends.
  std::thread impatient([this, until = std::chrono::steady_clock::now() + patience] {
    while (!ended_ && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(20ms);
    const std::lock_guard lock(mutex_);
    for (auto& [token, job] : held_) job.stop->presses = 2;
  });
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  ended_ = true;
  woken_.notify_all();
  renewer_.join();
  impatient.join();
}

}  // namespace heretix
