// Runs jobs: checks, mails and cleaning up. Any number of workers, in any number of processes, can share one database.
//
// Each thread claims a job, works under its lease and writes the outcome in one transaction that names the lease. One
// more thread renews the leases and looks for cancelled checks. If a worker crashes, another one takes over its jobs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/identity.hpp"
#include "base/word_table.hpp"
#include "belief/prompt/banks.hpp"
#include "measure/ask.hpp"
#include "models/provider.hpp"
#include "service/account/secret.hpp"
#include "service/checks/answers_place.hpp"
#include "service/intake/intake.hpp"
#include "service/mail/mailer.hpp"
#include "service/queue/queue.hpp"
#include "store/database.hpp"

namespace heretix {

// What became of a job that this process claimed, as the log and the metrics tell it.
enum class JobOutcome {
  done,
  again,        // it failed, and is tried again after a while
  dead,         // it failed for good
  failed,       // a check that failed for good
  cancelled,    // a check whose owner cancelled it
  handed_back,  // the process stops; another one can claim the job at once
  lost,         // the check was removed, or another worker has taken over the job
  gone,         // the check was removed, or had ended
  database      // no job: the database cannot be used
};
inline constexpr WordTable<JobOutcome, 9> kJobOutcomeWords{{{JobOutcome::done, "done"},
                                                            {JobOutcome::again, "again"},
                                                            {JobOutcome::dead, "dead"},
                                                            {JobOutcome::failed, "failed"},
                                                            {JobOutcome::cancelled, "cancelled"},
                                                            {JobOutcome::handed_back, "handed_back"},
                                                            {JobOutcome::lost, "lost"},
                                                            {JobOutcome::gone, "gone"},
                                                            {JobOutcome::database, "database"}}};
constexpr std::string_view to_word(JobOutcome outcome) { return kJobOutcomeWords.word(outcome); }

struct WorkerLog {
  std::string job_id, kind;
  JobOutcome outcome = JobOutcome::done;
  std::string error;
  std::int64_t attempt = 0;
  double seconds = 0;
};

// What a worker needs from outside. Several threads may call the functions at once.
struct WorkerParts {
  std::function<std::unique_ptr<Database>()> open_database;
  std::function<AnswersPlace(Database& service)> open_answers;
  std::function<std::unique_ptr<Provider>(const std::string& model)> make_provider;
  const PromptBanks& banks;
  const Secret& secret;
  const Clock& clock;
  Mailer& mailer;
  std::function<void(const WorkerLog&)> log;
  std::string env = "local";
  std::string origin;     // for the links in mails: "https://heretix.example"
  std::string mail_from;  // an address
  int check_threads = 2;
  double keep_checks_days = 0;  // 0: for ever
  std::chrono::milliseconds poll{200};
  // Takes in a check for its asker, as the API does, and returns its id. Throws what Intake::accept() throws.
  std::function<CheckId(Database& service, const CheckWish&, const Asker&, const IdempotencyKey&)> accept_check{};
};

class Worker {
 public:
  explicit Worker(WorkerParts parts);
  ~Worker();  // drains with no patience
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  void wake();  // to be called when this process enqueued a job

  // Claims no more jobs. Running checks ask nothing new; they wait for open requests until the patience ends, and then
  // close them. Jobs that are not finished are handed back. Returns when every thread has ended.
  void drain(std::chrono::seconds patience);

 private:
  class Lane;
  friend class Lane;
  struct Held {
    StopSignal* stop = nullptr;
    std::optional<CheckId> check_id;  // empty: the job is no check
    std::atomic<bool>* is_cancelled = nullptr;
    std::atomic<bool>* is_lost = nullptr;
  };
  void renew_leases();
  void look_after(Database& database, Queue& queue, bool renews);
  void hold(const LeaseToken& token, Held held);
  void release(const LeaseToken& token);
  bool wait_for_work();

  WorkerParts parts_;
  std::atomic<bool> draining_{false}, ended_{false};
  std::mutex mutex_;
  std::condition_variable woken_;
  std::map<LeaseToken, Held> held_;  // by lease token
  std::vector<std::thread> threads_;
  std::thread renewer_;
};

}  // namespace heretix
