// Questions by a provider's batch API: what was handed over before is fetched, what is missing is handed over.
#include <fmt/format.h>

#include <algorithm>

#include "ask/asking.hpp"
#include "ask/batches.hpp"

namespace heretix {
namespace {

constexpr std::size_t kAnswersPerCommit = 500;

class BatchRun {
 public:
  BatchRun(Asking& asking, const Plan& plan, BatchApi& api, BatchStore& batches, const ProviderFacts& facts,
           const Clock& clock)
      : asking_(asking), plan_(plan), api_(api), batches_(batches), facts_(facts), clock_(clock) {}

  void run() {
    for (const std::string& id : asking_.open_batches()) settle(batches_.get(id));
    while (submit_next()) {}
    if (waiting_.empty()) return;
    asking_.end_waiting(
        fmt::format("{} questions are in a batch at the provider ({})", asking_.in_batches(), waiting_));
  }

 private:
  // Each failure is told for the batch alone; a question is told of through its delivery.
  void settle(StoredBatch batch) {
    if (batch.provider_batch_id.empty()) {
      const auto found = api_.find(batch.batch_id, asking_.questions_of(batch.batch_id).size(), batch.submitted_at);
      if (!found) {
        give_up(batch.batch_id, {.message = "its batch never arrived"});
        return;
      }
      batches_.arrived(batch.batch_id, *found);
      batch.provider_batch_id = *found;
    }
    const BatchStatus status = api_.status(batch.provider_batch_id);
    switch (status.state) {
      case BatchStatus::State::running:
        waiting_ += fmt::format("{}{}: {}, {} of {} done", waiting_.empty() ? "" : "; ", batch.provider_batch_id,
                                status.note, status.done, status.total);
        return;
      case BatchStatus::State::failed:
        give_up(batch.batch_id, {.kind = ErrorKind::bad_input, .message = "the batch failed: " + status.note});
        return;
      case BatchStatus::State::ended: fetch(batch); return;
    }
  }

  void fetch(const StoredBatch& batch) {
    std::map<std::string, std::size_t> questions;
    for (const std::size_t q : asking_.questions_of(batch.batch_id)) questions[plan_.questions[q].cache_key] = q;
    asking_.adopt(batch.batch_id);
    std::vector<Delivery> deliveries;
    for (BatchedOutcome& o : api_.fetch(batch.provider_batch_id)) {
      const auto question = questions.extract(o.cache_key);  // a second result for one question is none
      if (!question.empty()) deliveries.push_back({question.mapped(), std::move(o.outcome)});
    }
    for (const auto& [key, question] : questions)
      deliveries.push_back({question, Failure{.message = "its batch ended without its result"}});
    deliver(std::move(deliveries));
    batches_.close(batch.batch_id, "fetched", "", unix_seconds(clock_.now()));
  }

  void deliver(std::vector<Delivery> deliveries) {
    for (std::size_t first = 0; first < deliveries.size(); first += kAnswersPerCommit) {
      const auto begin = deliveries.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end =
          deliveries.begin() + static_cast<std::ptrdiff_t>(std::min(first + kAnswersPerCommit, deliveries.size()));
      asking_.turn({std::make_move_iterator(begin), std::make_move_iterator(end)}, 0);
    }
  }

  void give_up(const std::string& batch_id, const Failure& failure) {
    std::vector<Delivery> deliveries;
    for (const std::size_t q : asking_.questions_of(batch_id)) deliveries.push_back({q, failure});
    asking_.adopt(batch_id);
    deliver(std::move(deliveries));
    batches_.close(batch_id, "failed", failure.message, unix_seconds(clock_.now()));
  }

  // The batch's row is there before its questions', and they before the first byte.
  bool submit_next() {
    const std::string id = fmt::format("batch-{}-{}", batches_.execution_id().substr(5), ++made_);
    const long long now = unix_seconds(clock_.now());
    batches_.begin(id, facts_, now);
    const Taken taken = asking_.take_for_batch(id, api_.most_questions());
    if (taken.requests.empty()) {
      batches_.forget(id);
      return false;
    }
    try {
      const std::string theirs = api_.submit(plan_, taken.requests, id);
      batches_.arrived(id, theirs);
      asking_.leave_in_batch(id);
      waiting_ += fmt::format("{}{}: handed over now, {} questions", waiting_.empty() ? "" : "; ", theirs,
                              taken.requests.size());
      return true;
    } catch (const Error& e) {
      asking_.leave_in_batch(id);
      if (e.kind() == ErrorKind::in_doubt) throw;  // the next process looks whether it arrived
      give_up(id, {.kind = e.kind(), .message = e.what(), .hint = e.hint(), .ends_run = true});
      return false;
    }
  }

  Asking& asking_;
  const Plan& plan_;
  BatchApi& api_;
  BatchStore& batches_;
  const ProviderFacts& facts_;
  const Clock& clock_;
  std::string waiting_;  // what the provider has, for people
  int made_ = 0;
};

}  // namespace

void ask_in_batch(Asking& asking, const Plan& plan, Provider& provider, BatchStore& batches, const Clock& clock) {
  const auto api = provider.batch_api();
  if (!api)
    throw Error(ErrorKind::bad_input, fmt::format("{} has no batch API here", provider.facts().provider),
                "--batch is for openai and anthropic; leave it out");
  BatchRun(asking, plan, *api, batches, provider.facts(), clock).run();
}

}  // namespace heretix
