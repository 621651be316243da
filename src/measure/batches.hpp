// The batches that were handed to providers, as the store remembers them (heretix_batches, heretix_batch_questions).
#pragma once

#include <optional>
#include <string>

#include "base/identity.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"

namespace heretix {

// Stored as words in heretix_batches.state.
enum class BatchState { submitting, submitted, fetched, failed };

struct StoredBatch {
  std::string batch_id;                          // ours
  std::optional<std::string> provider_batch_id;  // empty while it is not known to have arrived
  long long submitted_at = 0;                    // Unix seconds, UTC
};

class BatchStore {
 public:
  BatchStore(Database& database, ExecutionId execution_id, RecipeId run_id)
      : database_(database), execution_id_(std::move(execution_id)), run_id_(std::move(run_id)) {}

  // Each of these runs in a transaction of its own.
  void begin(const std::string& batch_id, const ProviderFacts& facts, long long now);  // call it before sending
  void arrived(const std::string& batch_id, const std::string& provider_batch_id);
  void close(const std::string& batch_id, BatchState state, const std::string& note, long long now);
  void forget(const std::string& batch_id);  // only for a batch that holds no question

  StoredBatch get(const std::string& batch_id);
  const ExecutionId& execution_id() const { return execution_id_; }

 private:
  void write(std::string_view sql, const Bindings& bindings);
  Database& database_;
  ExecutionId execution_id_;
  RecipeId run_id_;
};

}  // namespace heretix
