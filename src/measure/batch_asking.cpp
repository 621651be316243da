// Asks questions through a provider's batch API: fetches what was handed over before, and hands over what is missing.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "measure/asking.hpp"
#include "measure/batches.hpp"
#include "models/hosted.hpp"

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
        fmt::format("{} questions are in a batch at the provider ({}{})", asking_.in_batches(), expired_, waiting_));
  }

 private:
  using Open = std::map<std::string, std::size_t>;  // cache keys to questions

  // The messages of these failures are about the batch only; the delivery says which question they concern.
  void settle(StoredBatch batch) {
    // The process that submitted it may have ended before it learned the provider's id.
    if (!batch.provider_batch_id) {
      const auto found = api_.find(batch.batch_id, asking_.questions_of(batch.batch_id).size(), batch.submitted_at);
      if (!found) {
        give_up(batch.batch_id, {.message = "its batch never arrived"});
        return;
      }
      batches_.arrived(batch.batch_id, *found);
      batch.provider_batch_id = *found;
    }
    const std::string& theirs = *batch.provider_batch_id;

    const BatchStatus status = api_.status(theirs);
    switch (status.state) {
      case BatchStatus::State::running:
        waiting_ += fmt::format("{}{}: {}, {} of {} done", waiting_.empty() ? "" : "; ", theirs, status.note,
                                status.done, status.total);
        return;
      case BatchStatus::State::failed:
        give_up(batch.batch_id, {.kind = ErrorKind::bad_input, .message = "the batch failed: " + status.note});
        return;
      case BatchStatus::State::ended: fetch(batch, status); return;
    }
  }

  void fetch(const StoredBatch& batch, const BatchStatus& status) {
    Open open;
    for (const std::size_t q : asking_.questions_of(batch.batch_id)) open[plan_.questions[q].cache_key] = q;
    asking_.adopt(batch.batch_id);

    // A second download makes good one that was cut off. What is missing from both is lost.
    std::vector<Delivery> deliveries = results_of(batch, open);
    if (open.size() > status.unprocessed) std::ranges::move(results_of(batch, open), std::back_inserter(deliveries));
    for (const auto& [key, question] : open) deliveries.push_back({question, without_result(open.size(), status)});

    if (status.has_expired) {
      expired_ +=
          fmt::format("{} has expired, and the questions it left open are submitted again; ", *batch.provider_batch_id);
      asking_.tell_wait(fmt::format("the batch {} has expired", *batch.provider_batch_id));
    }
    deliver(std::move(deliveries));
    batches_.close(batch.batch_id, BatchState::fetched, status.has_expired ? "expired" : "",
                   unix_seconds(clock_.now()));
  }

  // The results of the open questions, which are removed from `open`. A second result for one question is ignored.
  std::vector<Delivery> results_of(const StoredBatch& batch, Open& open) {
    const RequestTerms terms{.sent_at = std::chrono::system_clock::time_point(std::chrono::seconds(batch.submitted_at)),
                             .max_output_tokens = plan_.recipe.sampling.max_output_tokens};
    std::vector<Delivery> deliveries;
    for (BatchedOutcome& o : api_.fetch(*batch.provider_batch_id, terms)) {
      const auto question = open.extract(o.cache_key);
      if (!question.empty()) deliveries.push_back({question.mapped(), std::move(o.outcome)});
    }
    return deliveries;
  }

  // Only if the provider's own count explains every missing result were the questions neither processed nor billed.
  static Failure without_result(std::size_t missing, const BatchStatus& status) {
    if (missing <= status.unprocessed) {
      return {.message = status.has_expired ? "its batch expired before it was processed"
                                            : "its batch ended before it was processed"};
    }
    return {.kind = ErrorKind::in_doubt,
            .message = "its batch ended, but its result is missing or damaged: it may have been answered and billed",
            .is_lost = true};
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
    batches_.close(batch_id, BatchState::failed, failure.message, unix_seconds(clock_.now()));
  }

  // The batch's row is written before those of its questions, and those before the first byte is sent.
  bool submit_next() {
    const std::string id = fmt::format("batch-{}-{}", batches_.execution_id().text().substr(5), ++made_);
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
      waiting_ +=
          fmt::format("{}{}: submitted now, {} questions", waiting_.empty() ? "" : "; ", theirs, taken.requests.size());
      return true;
    } catch (const Error& e) {
      asking_.leave_in_batch(id);
      if (e.kind() == ErrorKind::in_doubt) throw;  // the next process will find out whether it arrived
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
  std::string waiting_;  // what the provider still has, for people to read
  std::string expired_;  // for people to read too
  int made_ = 0;
};

}  // namespace

void ask_in_batch(Asking& asking, const Plan& plan, Provider& provider, BatchStore& batches, const Clock& clock) {
  const auto api = provider.batch_api();
  if (!api)
    throw Error(ErrorKind::bad_input,
                fmt::format("{} has no batch API that Heretix supports", provider.facts().provider),
                fmt::format("--batch works only with {}; leave it out", providers_with_batches()));
  BatchRun(asking, plan, *api, batches, provider.facts(), clock).run();
}

}  // namespace heretix
