// The checks that people asked the service for: what was asked, how far each one is, what came out, and the events that
// report it.
//
// The result is in `checks`, as for any check; its record is in `check_records`, and the rest in `check_requests` and
// `check_events`. Several checks may show one record, which is removed with the last of them. This class owns the SQL
// of these tables and, for the service, of `checks`. Every change happens in a transaction of the caller
// (Isolation::beside_others). A change by a worker names its lease, and is refused (false) if another worker has taken
// over the check.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/record.hpp"
#include "service/checks/result_cache.hpp"
#include "store/database.hpp"

namespace heretix {

// Stored as words.
enum class CheckState { queued, running, done, failed, cancelled };
inline constexpr std::array kCheckStates = {CheckState::queued, CheckState::running, CheckState::done,
                                            CheckState::failed, CheckState::cancelled};
std::string_view to_word(CheckState state);
constexpr bool is_under_way(CheckState state) { return state == CheckState::queued || state == CheckState::running; }
std::optional<CheckState> check_state_from(std::string_view word);  // empty for another word
CheckState check_state_of(const Row& row);  // of its column `state`; throws Error{broken} for an unknown word

// Who was charged for the check, and whether the charge was given back.
enum class ChargedTo { nobody, user, visitor, returned };
std::string_view to_word(ChargedTo who);

struct NewServedCheck {
  std::string id;            // uuid
  ExecutionId execution_id;  // the execution that will measure it; its digits are in the run id from the start
  std::string env;
  std::string user_id, visitor_id;  // exactly one of the two is set
  std::string request;              // JSON, as the worker reads it
  ChargedTo charged_to = ChargedTo::nobody;
  std::string ledger_id{};   // the row that a user's charge is in
  std::string result_key{};  // the key under which its result may be used again; empty: it may not
};

struct ServedCheck {
  RunId run_id;
  std::string id, claim, model, user_id, visitor_id, created_at, finished_at;
  CheckState state = CheckState::queued;
  std::string request, record;  // JSON; the record is empty until the check is done
  std::string error_kind, error;
  ChargedTo charged_to = ChargedTo::nobody;
  std::string ledger_id;
  std::string share_id;  // anybody who has this id may read the check; empty: it is not shared
  bool was_cached = false;
  bool cancel_requested = false;
  std::int64_t last_event = 0;
  std::optional<double> p, low, high;
  bool has_ended() const { return !is_under_way(state); }
};

// Which checks a list shows: newest first, starting after the one that `before_time` and `before_id` name.
struct ListedChecks {
  std::string user_id, visitor_id;     // exactly one of the two is set
  std::string search;                  // a text within the claim, in either case; empty: all
  std::string model;                   // empty: all
  std::optional<CheckState> state{};   // empty: all
  std::string before_time, before_id;  // of the last check seen; empty: from the start
  std::size_t most = 50;
};

struct CheckEvent {
  std::int64_t number = 0;  // from 1
  std::string kind;         // state, progress
  std::string payload;      // JSON
};

class ServedChecks {
 public:
  explicit ServedChecks(Database& database) : database_(database) {}

  void insert(const NewServedCheck& check, const Plan& plan, std::optional<std::uint64_t> seed);
  // For a check that is answered by an earlier measurement: it refers to that record and copies the figures that lists
  // show. cached_insertions() returns the statements, so that a caller can send more in the same round trip
  // (Database::query_all()); they fail with Error{conflict} if the record is being removed at this moment. inserted()
  // makes of their results the check as find() gives it, without its record; empty if the check with that result no
  // longer exists.
  static std::vector<Query> cached_insertions(const NewServedCheck& check, const Plan& plan,
                                              std::optional<std::uint64_t> seed, const CachedResult& result);
  static std::optional<ServedCheck> inserted(std::span<const std::vector<Row>> rows);

  std::optional<ServedCheck> find(const std::string& id);
  // find() in two halves, for callers that read more in the same round trip (Database::query_all()).
  static Query query_for(const std::string& id);
  static Query head_query_for(const std::string& id);  // without the record
  static std::optional<ServedCheck> found(const std::vector<Row>& rows);
  std::vector<ServedCheck> list(const ListedChecks& wanted);  // without records
  std::vector<ServedCheck> all_of_user(const std::string& user_id);
  // Anybody who has the share id may read the check until unshare(). Sharing it again gives the same id.
  std::optional<ServedCheck> find_shared(const std::string& share_id);
  std::string share(const std::string& id, const std::string& new_share_id);
  void unshare(const std::string& id);
  // Removes the record if no check shows it any more. Checks are removed by service/privacy/removal.hpp.
  void forget_record(const ExecutionId& execution_id);
  void take_over(const std::string& visitor_id, const std::string& user_id);  // for a visitor who signed in

  bool request_cancel(const std::string& id);  // for a check that runs
  bool cancel_queued(const std::string& id);   // for a check that no worker runs yet
  // The run id; empty: the check has ended.
  std::optional<RunId> begin(const std::string& id, const std::string& lease);
  bool progress(const std::string& id, const std::string& lease, const std::string& payload);
  bool finish(const std::string& id, const std::string& lease, const Record& record, const std::string& env);
  // `state`: failed or cancelled.
  bool end(const std::string& id, const std::string& lease, CheckState state, const std::string& error_kind,
           const std::string& error);
  bool requeue(const std::string& id, const std::string& lease, const std::string& why);
  bool is_cancel_requested(const std::string& id);
  bool is_there(const std::string& id);  // false: it was removed
  // Returns whom to give the check back to, and marks it as returned. Empty if nobody was charged, or if it was given
  // back before.
  std::optional<ServedCheck> take_charge(const std::string& id);

  std::vector<CheckEvent> events_after(const std::string& id, std::int64_t number, std::size_t most);
  struct Changed {
    std::string id;
    std::int64_t last_event = 0;
  };
  std::vector<Changed> changed_within(double seconds);

 private:
  void add_event(const std::string& id, const std::string& kind, const std::string& payload);
  bool owned(std::string_view sql, Bindings bindings, const std::string& id, const std::string& lease);
  Database& database_;
};

}  // namespace heretix
