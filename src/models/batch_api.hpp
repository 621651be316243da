// A provider's batch API: many questions handed over at once and fetched later, mostly within a day, at about half the
// price. Blocks; one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/provider.hpp"

namespace heretix {

struct BatchStatus {
  // `ended`: there are results to fetch. `failed`: nothing of it was processed, and nothing billed.
  enum class State { running, ended, failed };
  State state = State::running;
  std::size_t done = 0;
  std::size_t total = 0;
  std::string note;             // the provider's word, and why it failed
  bool has_expired = false;     // it ended because its time was over
  std::size_t unprocessed = 0;  // of one that ended: requests that by the provider's own count were never processed
};

// One question's outcome in a batch that ended, by the question's cache key.
struct BatchedOutcome {
  std::string cache_key;
  std::variant<Reply, Failure> outcome;
};

class BatchApi {
 public:
  virtual ~BatchApi() = default;

  // The most questions of one batch.
  virtual std::size_t most_questions() const = 0;

  // Hands the questions over and returns the provider's id of the batch. `name` is ours and is kept with the batch if
  // the provider keeps names. Throws Error: in_doubt if the batch may have arrived, any other kind if it surely did
  // not.
  virtual std::string submit(const Plan& plan, const std::vector<Request>& requests, const std::string& name) = 0;

  // The id of a batch that was handed over under that name with that many questions, if it arrived. Throws in_doubt if
  // that cannot be determined.
  virtual std::optional<std::string> find(const std::string& name, std::size_t questions, long long submitted_at) = 0;

  virtual BatchStatus status(const std::string& id) = 0;
  // The outcomes of a batch that ended. A request whose result is missing or damaged is left out: what became of it is
  // unknown.
  virtual std::vector<BatchedOutcome> fetch(const std::string& id, const RequestTerms& terms) = 0;
};

}  // namespace heretix
