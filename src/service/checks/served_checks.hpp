// The checks that people asked the service for: what was asked, how far each one is, what came out, and the events that
// report it.
//
// The result is in `checks`, as for any check; its record is in `check_records`, and the rest in `check_requests` and
// `check_events`. Several checks may show one record, which is removed with the last of them. This class owns the SQL
// of these tables and, for the service, of `checks`. Every change happens in a transaction of the caller
// (Isolation::beside_others). A change by a worker names its lease, and is refused (false) if another worker has taken
// over the check.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/word_table.hpp"
#include "belief/record/record.hpp"
#include "belief/record/shown_belief.hpp"
#include "service/checks/check_owner.hpp"
#include "service/checks/result_cache.hpp"
#include "store/database.hpp"

namespace heretix {

enum class CheckState { queued, running, done, failed, cancelled };
inline constexpr WordTable<CheckState, 5> kCheckStateWords{{{CheckState::queued, "queued"},
                                                            {CheckState::running, "running"},
                                                            {CheckState::done, "done"},
                                                            {CheckState::failed, "failed"},
                                                            {CheckState::cancelled, "cancelled"}}};
constexpr std::string_view to_word(CheckState state) { return kCheckStateWords.word(state); }
constexpr bool is_under_way(CheckState state) { return state == CheckState::queued || state == CheckState::running; }
CheckState check_state_of(const Row& row);  // of its column `state`; throws Error{broken} for an unknown word

// Who was charged for the check, and whether the charge was given back.
enum class ChargedTo { nobody, user, visitor, returned };
inline constexpr WordTable<ChargedTo, 4> kChargedToWords{{{ChargedTo::nobody, "nobody"},
                                                          {ChargedTo::user, "user"},
                                                          {ChargedTo::visitor, "visitor"},
                                                          {ChargedTo::returned, "returned"}}};
constexpr std::string_view to_word(ChargedTo who) { return kChargedToWords.word(who); }

// Why a check failed, in words for the person who asked.
struct CheckError {
  ErrorKind kind;
  std::string text;
};

// What an event tells: that the check has another state, or how far it is.
enum class CheckEventKind { state, progress };
inline constexpr WordTable<CheckEventKind, 2> kCheckEventKindWords{
    {{CheckEventKind::state, "state"}, {CheckEventKind::progress, "progress"}}};
constexpr std::string_view to_word(CheckEventKind kind) { return kCheckEventKindWords.word(kind); }

struct NewServedCheck {
  CheckId id;
  ExecutionId execution_id;  // the execution that will measure it; its digits are in the run id from the start
  std::string env;
  CheckOwner owner;
  std::string request;  // JSON, as the worker reads it
  ChargedTo charged_to = ChargedTo::nobody;
  std::optional<std::string> ledger_id{};  // the row that a user's charge is in
  std::string result_key{};                // the key under which its result may be used again; empty: it may not
};

struct ServedCheck {
  CheckId id;
  RunId run_id;
  std::string claim;
  ModelName model;
  std::string created_at;
  std::optional<std::string> finished_at;
  std::optional<UserId> user_id;
  std::optional<VisitorId> visitor_id;  // of a visitor's check; empty once the visitor has signed in
  CheckState state = CheckState::queued;
  std::string request;                // JSON
  bool is_mock = false;               // a script plays its model
  std::optional<std::string> record;  // JSON; empty until the check is done, and where it was not asked for
  std::optional<CheckError> error;    // of a check that failed
  ChargedTo charged_to = ChargedTo::nobody;
  std::optional<std::string> ledger_id;  // the row that a user's charge is in
  std::optional<std::string> share_id;   // anybody who has this id may read the check; empty: it is not shared
  bool was_cached = false;
  bool cancel_requested = false;
  std::int64_t last_event = 0;
  std::optional<ShownBelief> belief{};  // empty without a result, and for one of a build that did not keep it
  bool has_ended() const { return !is_under_way(state); }
};

// The place of a check in a list.
struct ListPlace {
  std::string created_at;
  CheckId id;
};

enum class ListOrder { newest, oldest };  // which comes first
inline constexpr WordTable<ListOrder, 2> kListOrderWords{
    {{ListOrder::newest, "newest"}, {ListOrder::oldest, "oldest"}}};
constexpr std::string_view to_word(ListOrder order) { return kListOrderWords.word(order); }

// Which checks of their owner a list shows.
struct ListedChecks {
  std::string search;                   // a text within the claim, in either case; empty: all
  std::optional<ModelName> model{};     // empty: all
  std::optional<CheckState> state{};    // empty: all
  std::optional<CheckId> same_claim{};  // a check of the same claim; empty: all
  std::optional<ListPlace> before{};    // of the last check seen; empty: from the start
  ListOrder order = ListOrder::newest;
  std::size_t most = 50;
};

// The listed checks of one claim and one model.
struct ModelChecks {
  ServedCheck latest;  // the newest that has a result; without any, the newest of all. Without its record
  std::int64_t checks = 0;
};

// The listed checks of one claim.
struct ClaimChecks {
  std::string claim;
  std::int64_t checks = 0;
  std::string since;                  // when the first of them was asked for
  std::string newest_at;              // when the newest was asked for, which gives the claim its place in a list
  std::vector<ModelChecks> models{};  // that whose newest check is the newest first
};

struct ClaimPage {
  std::vector<ClaimChecks> claims{};
  std::optional<CheckId> next{};  // ListedChecks::before of the next page; empty: there is none
};

struct CheckEvent {
  std::int64_t number = 0;  // from 1
  CheckEventKind kind = CheckEventKind::state;
  std::string payload;  // JSON
};

class ServedChecks {
 public:
  explicit ServedChecks(Database& database) : database_(database) {}

  void insert(const NewServedCheck& check, const Plan& plan, std::optional<std::uint64_t> seed);
  // For a check that is answered by an earlier measurement: it refers to that record and copies the figures that lists
  // show. cached_insertions() returns the statements, so that a caller can send more in the same round trip
  // (Database::query_all()). The first of them finds nothing if the check with that result no longer exists; the second
  // one fails with Error{conflict} if the record is being removed at this moment.
  static std::vector<Query> cached_insertions(const NewServedCheck& check, const Plan& plan,
                                              std::optional<std::uint64_t> seed, const CachedResult& result);
  // The same as parts of one statement of Postgres, `copied`, `requested` and `told`, for the check with the stored
  // result that is named by the columns `id` and `execution_id` of `found`, a part before them. Nothing is inserted
  // where the condition does not hold. bind_insertions() adds their values.
  static std::string insertions_of_found(std::string_view found, std::string_view condition);
  static void bind_insertions(const NewServedCheck& check, const Plan& plan, std::optional<std::uint64_t> seed,
                              Bindings& bindings);
  // The check as find() gives it, without its record. `times`: what was returned of its row, created_at and
  // finished_at.
  static ServedCheck inserted(const NewServedCheck& check, const Plan& plan, const CachedResult& result,
                              const Row& times);

  std::optional<ServedCheck> find(const CheckId& id);
  // find() in two halves, for callers that read more in the same round trip (Database::query_all()).
  static Query query_for(const CheckId& id);
  static Query head_query_for(const CheckId& id);  // without the record
  static std::optional<ServedCheck> found(const std::vector<Row>& rows);
  std::vector<ServedCheck> list(const CheckOwner& owner, const ListedChecks& wanted);  // without records
  // The same checks by claim. `before` and `most` are of claims: `before` is the place of the last claim seen.
  ClaimPage list_claims(const CheckOwner& owner, const ListedChecks& wanted);
  std::vector<ServedCheck> all_of_user(const UserId& user_id);
  // Anybody who has the share id may read the check until unshare(). Sharing it again gives the same id.
  std::optional<ServedCheck> find_shared(const std::string& share_id);
  std::string share(const CheckId& id, const std::string& new_share_id);
  void unshare(const CheckId& id);
  // Removes the record if no check shows it any more. Checks are removed by service/privacy/removal.hpp.
  // Replaces the record that an execution's checks show.
  void keep_record(const ExecutionId& execution_id, const std::string& record);
  void forget_record(const ExecutionId& execution_id);
  void take_over(const VisitorId& visitor_id, const UserId& user_id);  // for a visitor who signed in

  bool request_cancel(const CheckId& id);  // for a check that runs
  bool cancel_queued(const CheckId& id);   // for a check that no worker runs yet
  // The run id; empty: the check has ended.
  std::optional<RunId> begin(const CheckId& id, const LeaseToken& lease);
  bool progress(const CheckId& id, const LeaseToken& lease, const std::string& payload);
  bool finish(const CheckId& id, const LeaseToken& lease, const Record& record, const std::string& env);
  // The check ends without a result: it failed with that error or, if there is none, was cancelled.
  bool end(const CheckId& id, const LeaseToken& lease, const std::optional<CheckError>& error);
  bool requeue(const CheckId& id, const LeaseToken& lease, const std::string& why);
  bool is_cancel_requested(const CheckId& id);
  bool is_there(const CheckId& id);  // false: it was removed
  // Returns whom to give the check back to, and marks it as returned. Empty if nobody was charged, or if it was given
  // back before.
  std::optional<ServedCheck> take_charge(const CheckId& id);

  std::vector<CheckEvent> events_after(const CheckId& id, std::int64_t number, std::size_t most);
  struct Changed {
    CheckId id;
    std::int64_t last_event = 0;
  };
  std::vector<Changed> changed_within(double seconds);

 private:
  void add_event(const CheckId& id, CheckEventKind kind, const std::string& payload);
  bool owned(std::string_view sql, Bindings bindings, const CheckId& id, const LeaseToken& lease);
  Database& database_;
};

}  // namespace heretix
