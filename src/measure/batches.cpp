#include "measure/batches.hpp"

#include <fmt/format.h>

#include "base/word_table.hpp"

namespace heretix {
namespace {

constexpr std::string_view kBegin =
    "INSERT INTO heretix_batches (batch_id, provider, model, run_id, execution_id, state, submitted_at) VALUES (:id, "
    ":provider, :model, :run, :execution, 'submitting', :now)";
constexpr std::string_view kArrived =
    "UPDATE heretix_batches SET provider_batch_id = :theirs, state = 'submitted' WHERE batch_id = :id";
constexpr std::string_view kClose =
    "UPDATE heretix_batches SET state = :state, note = :note, fetched_at = :now WHERE batch_id = :id";
constexpr std::string_view kForget = "DELETE FROM heretix_batches WHERE batch_id = :id";
constexpr std::string_view kGet = "SELECT * FROM heretix_batches WHERE batch_id = :id";

constexpr WordTable<BatchState, 4> kStateWords({{BatchState::submitting, "submitting"},
                                                {BatchState::submitted, "submitted"},
                                                {BatchState::fetched, "fetched"},
                                                {BatchState::failed, "failed"}});

}  // namespace

void BatchStore::write(std::string_view sql, const Bindings& bindings) {
  Transaction transaction(database_);
  database_.execute(sql, bindings);
  transaction.commit();
}

void BatchStore::begin(const std::string& batch_id, const ProviderFacts& facts, long long now) {
  write(kBegin, {{":id", batch_id},
                 {":provider", facts.provider},
                 {":model", facts.model},
                 {":run", run_id_},
                 {":execution", execution_id_},
                 {":now", std::int64_t{now}}});
}

void BatchStore::arrived(const std::string& batch_id, const std::string& provider_batch_id) {
  write(kArrived, {{":theirs", provider_batch_id}, {":id", batch_id}});
}

void BatchStore::close(const std::string& batch_id, BatchState state, const std::string& note, long long now) {
  write(kClose, {{":state", std::string(kStateWords.word(state))},
                 {":note", note},
                 {":now", std::int64_t{now}},
                 {":id", batch_id}});
}

void BatchStore::forget(const std::string& batch_id) { write(kForget, {{":id", batch_id}}); }

StoredBatch BatchStore::get(const std::string& batch_id) {
  const std::vector<Row> found = database_.query(kGet, {{":id", batch_id}});
  if (found.empty()) throw Error(ErrorKind::broken, fmt::format("the store has no record of batch {}", batch_id));
  return {.batch_id = batch_id,
          .provider_batch_id = found[0].text("provider_batch_id"),
          .submitted_at = found[0].integer("submitted_at").value_or(0)};
}

}  // namespace heretix
