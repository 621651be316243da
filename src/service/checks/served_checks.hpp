// Checks that somebody asked the service for: what was asked, how far it is, what came out, and the events that tell
// it.
//
// The result stands in `checks` as for any check, its record in `check_records`, the rest in `check_requests` and
// `check_events`. Several checks may show one record; it goes with the last of them. Owns the SQL of these and, for the
// service, of `checks`. Every change is one of the caller's transactions, begun beside others; what
// a worker changes names its lease, and is refused (false) where another worker has the check by now.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
CheckState check_state_of(const Row& row);  // of its column `state`; Error{broken} for a word that is none

// Who paid, and whether it was given back.
enum class ChargedTo { nobody, user, visitor, returned };
std::string_view to_word(ChargedTo who);

struct NewServedCheck {
  std::string id;            // uuid
  std::string execution_id;  // that will measure it: its digits are in the run id from the start
  std::string env;
  std::string user_id, visitor_id;  // one of them
  std::string request;              // JSON, as the worker reads it
  ChargedTo charged_to = ChargedTo::nobody;
  std::string ledger_id{};   // of a user's charge
  std::string result_key{};  // under which its result may be used again; empty: it may not
};

struct ServedCheck {
  std::string id, run_id, claim, model, user_id, visitor_id, created_at, finished_at;
  CheckState state = CheckState::queued;
  std::string request, record;  // JSON; the record's is empty until it is done
  std::string error_kind, error;
  ChargedTo charged_to = ChargedTo::nobody;
  std::string ledger_id;
  std::string share_id;  // by which anybody may read it; empty: nobody else
  bool was_cached = false;
  bool cancel_requested = false;
  std::int64_t last_event = 0;
  std::optional<double> p, low, high;
  bool has_ended() const { return !is_under_way(state); }
};

// Newest first, from behind `before` on.
struct ListedChecks {
  std::string user_id, visitor_id;     // of one of them
  std::string search;                  // in the claim, letters of either case; empty: all
  std::string model;                   // empty: all
  std::optional<CheckState> state{};   // empty: all
  std::string before_time, before_id;  // of the last one seen; empty: from the start
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
  // Answered by what was measured before: it refers to that record and copies the figures that lists show. What is to
  // be asked, for who asks more in the same round trip (Database::query_all()); Error{conflict} where the record is
  // removed at this moment. From what the statements found comes the check as find() gives it, without its record;
  // empty: the check with that result is not there any more.
  static std::vector<Query> cached_insertions(const NewServedCheck& check, const Plan& plan,
                                              std::optional<std::uint64_t> seed, const CachedResult& result);
  static std::optional<ServedCheck> inserted(std::span<const std::vector<Row>> rows);

  std::optional<ServedCheck> find(const std::string& id);
  // Its two halves, for who reads more in the same round trip (Database::query_all()).
  static Query query_for(const std::string& id);
  static Query head_query_for(const std::string& id);  // without the record
  static std::optional<ServedCheck> found(const std::vector<Row>& rows);
  std::vector<ServedCheck> list(const ListedChecks& wanted);  // without records
  std::vector<ServedCheck> all_of_user(const std::string& user_id);
  // Anybody who has the id may read the check, until it is taken away. Sharing again gives the same id.
  std::optional<ServedCheck> find_shared(const std::string& share_id);
  std::string share(const std::string& id, const std::string& new_share_id);
  void unshare(const std::string& id);
  // A record that no check shows any more; checks are removed by service/privacy/removal.hpp.
  void forget_record(const std::string& execution_id);
  void take_over(const std::string& visitor_id, const std::string& user_id);  // a visitor signed in

  bool request_cancel(const std::string& id);                                         // of a running one
  bool cancel_queued(const std::string& id);                                          // one that nobody runs yet
  std::optional<std::string> begin(const std::string& id, const std::string& lease);  // its run id; empty: it has ended
  bool progress(const std::string& id, const std::string& lease, const std::string& payload);
  bool finish(const std::string& id, const std::string& lease, const Record& record, const std::string& env);
  // `state`: failed or cancelled.
  bool end(const std::string& id, const std::string& lease, CheckState state, const std::string& error_kind,
           const std::string& error);
  bool requeue(const std::string& id, const std::string& lease, const std::string& why);
  bool is_cancel_requested(const std::string& id);
  bool is_there(const std::string& id);  // false: it was removed
  // Whom to give the check back to, once: empty where nobody was charged or it was given back. Marks it as returned.
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
