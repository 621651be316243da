// Takes in a check that somebody asks for: decides whether they may have it and what it can cost, charges it, stores it
// and enqueues its job, all in one transaction. A check that was measured already is answered from the stored result,
// free of charge; Postgres does that in one statement for whoever had it measured.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/identity.hpp"
#include "base/word_table.hpp"
#include "belief/prompt/banks.hpp"
#include "measure/run_check.hpp"
#include "service/account/rates.hpp"
#include "service/account/secret.hpp"
#include "service/account/users.hpp"
#include "service/checks/check_job.hpp"
#include "service/checks/check_owner.hpp"
#include "service/checks/result_cache.hpp"
#include "service/checks/served_checks.hpp"
#include "service/intake/asked_banks.hpp"
#include "service/usage/ledger.hpp"

namespace heretix {

inline constexpr const char* kCheckJob = "check";

// A model that visitors may ask.
struct OfferedModel {
  std::string name;  // the name by which it is asked for: "local", "openai/gpt-5"
  ProviderFacts facts;
  std::map<Readout, std::string> unreadable{};  // why the model cannot be read in that way
  bool is_embedded = false;                     // the small model that comes with the program

  bool allows(Readout readout) const { return !unreadable.contains(readout); }
};

// How a model is read where a wish names no readout; as `heretix run` reads it (docs/readouts.md). Only what a model
// writes differs when it is asked again, so `replicates` above 1 call for written answers.
Readout natural_readout(const OfferedModel& model, std::optional<int> replicates = {});

// What the service allows to those who ask; set by the operator.
struct IntakeRules {
  std::string env = "local";
  std::string bank = kQuestionBank;
  std::string embedded_word_bank = kWordBank;  // of the embedded model, for answers of one word
  std::chrono::seconds cache_life = std::chrono::days(30);
  Usd most_per_check = Usd::from_micros(2'000'000);
  // Of all anonymous checks together, each at the most it can cost.
  Usd anonymous_per_day = Usd::from_micros(1'000'000);
  std::int64_t anonymous_per_network_and_day = 3;
  // How many checks are answered from stored results within an hour (docs/service.md).
  std::int64_t cached_per_visitor = 20;
  std::int64_t cached_per_user = 120;
  std::int64_t cached_per_network = 600;
};

enum class Depth {
  quick,     // 8 wordings once
  standard,  // as `heretix run` without a plan: 8 to 16 wordings, until the interval is narrow
  deep,      // 16 wordings three times
  custom,    // K, R and T as given
};
inline constexpr WordTable<Depth, 4> kDepthWords{
    {{Depth::quick, "quick"}, {Depth::standard, "standard"}, {Depth::deep, "deep"}, {Depth::custom, "custom"}}};
Depth depth_from(const std::string& word);  // throws Error{bad_input} naming the words

// What somebody asks for, as the API accepts it.
struct CheckWish {
  std::string claim;
  std::string model = "local";
  Depth depth = Depth::standard;
  std::optional<int> slots{}, replicates{}, templates{};  // of a custom depth
  std::optional<Readout> readout{};                       // empty: natural_readout()
  std::optional<std::uint64_t> seed{};
  bool fresh = false;           // nothing stored is used: the check is asked, and charged, anew
  bool allow_question = false;  // a claim that is a question is measured as it is
};

// Somebody who is signed in, or a visitor.
struct Asker {
  std::variant<User, VisitorId> who;
  std::string network;  // the network of the asker, as text; only its keyed hash is stored

  const User* user() const { return std::get_if<User>(&who); }  // null: a visitor
  CheckOwner owner() const;
};

struct IdempotencyKey {
  std::string key;          // as given; empty: none
  std::string body_sha256;  // of the body that came with it
};

// What it would take for a check to be granted.
enum class NotGrantedReason { require_signin, require_subscription, limit_reached };
inline constexpr WordTable<NotGrantedReason, 3> kNotGrantedReasonWords{
    {{NotGrantedReason::require_signin, "require_signin"},
     {NotGrantedReason::require_subscription, "require_subscription"},
     {NotGrantedReason::limit_reached, "limit_reached"}}};
constexpr std::string_view to_word(NotGrantedReason reason) { return kNotGrantedReasonWords.word(reason); }

// Thrown when a check is not granted, with the reason; the kind is limit_reached.
class NotGranted : public Error {
 public:
  NotGranted(NotGrantedReason reason, const std::string& what, const std::string& hint)
      : Error(ErrorKind::limit_reached, what, hint), reason_(reason) {}
  NotGrantedReason reason() const noexcept { return reason_; }

 private:
  NotGrantedReason reason_;
};

// A check that can be measured, with all that follows from what was asked for alone.
struct PreparedCheck {
  const OfferedModel* model;
  std::shared_ptr<const AskedBank> bank;
  CheckJob job;
  ExecutionId execution_id;              // of the measurement, if one is needed
  Plan plan;                             // without its questions: only the worker needs them
  std::string payload;                   // of the job
  std::optional<ResultSearch> search{};  // for a stored result; empty: nothing stored is used
};

struct Accepted {
  CheckId check_id;
  bool was_replayed = false;           // the idempotency key was known, so nothing new was made
  std::optional<ServedCheck> check{};  // without its record; empty if it has to be looked up
  std::optional<Row> session{};        // of serve_at_once() with a session: for Sessions::note_if_due()
};

// What a check would ask and cost, known before it is asked for.
struct Quote {
  std::size_t questions = 0;  // the most that are sent to the model; some readouts take several for one answer
  std::optional<Usd> most{};  // empty: no price is known
  bool needs_plan = false;    // deeper than a trial goes
};

class Intake {
 public:
  Intake(Database& database, const Secret& secret, const AskedBanks& banks, const std::vector<OfferedModel>& models,
         const IntakeRules& rules)
      : database_(database), secret_(secret), banks_(banks), models_(models), rules_(rules) {}

  // Needs no database. Throws Error: bad_input for what cannot be measured, not_found (no such model).
  PreparedCheck prepare(const CheckWish& wish) const;
  Quote quote(const CheckWish& wish) const;

  // Serves the check from a stored result in one statement, for somebody who has not been looked up: `session`
  // (Sessions::query_for()) has to find them, if there is one. Empty: nothing was done, because that is not the asker,
  // they have no result of their own, there is something to refuse or to replay, or the store has no such statements.
  // Then accept() says what is the case.
  std::optional<Accepted> serve_at_once(const PreparedCheck& prepared, const CheckOwner& asker,
                                        const std::string& network, const IdempotencyKey& idempotency,
                                        const std::optional<Query>& session = std::nullopt);

  // Throws Error: bad_input (an idempotency key that came with another body), conflict (the key's first request is
  // under way), too_many (checks from stored results), and NotGranted.
  Accepted accept(const PreparedCheck& prepared, const Asker& asker, const IdempotencyKey& idempotency = {});

  // Cancels a check that waits, and gives it back; asks one that runs to stop. Returns false if the check has ended.
  bool cancel(const ServedCheck& check);

  // The steps of accept() and cancel(), for callers that take in many checks in one transaction of their own
  // (service/sets).
  //
  // What the key made when it came before, by its id; empty: it is new.
  std::optional<std::string> replayed(const CheckOwner& owner, const IdempotencyKey& idempotency);
  // `made`: the id that replayed() will give.
  void remember(const CheckOwner& owner, const IdempotencyKey& idempotency, const std::string& made);
  // Throws NotGranted, and Error{bad_input} for a check that is too dear or whose price is unknown.
  void require_granted(const PreparedCheck& prepared, const Asker& asker);
  // Charges that many checks, all or none. Returns the row that was charged; throws NotGranted.
  std::string charge_user(const User& user, std::int64_t checks);
  NewServedCheck new_check(const PreparedCheck& prepared, const CheckOwner& owner) const;
  // Stores a check that is granted and charged, and enqueues its job.
  void enqueue(const PreparedCheck& prepared, const NewServedCheck& check);
  Quote quote_of(const PreparedCheck& prepared) const;
  bool cancel_within(const CheckId& check_id);

 private:
  const OfferedModel& offered(const std::string& name) const;
  std::array<WindowCount, 2> counts_of(const CheckOwner& asker, const std::string& network) const;
  Error over_limit(const Asker& asker, std::size_t count) const;
  std::optional<Accepted> from_cache(const PreparedCheck& prepared, const Asker& asker, const NewServedCheck& check);
  void charge(const PreparedCheck& prepared, const Asker& asker, NewServedCheck& check);
  void charge_visitor(const PreparedCheck& prepared, const VisitorId& visitor, const std::string& network);

  Database& database_;
  const Secret& secret_;
  const AskedBanks& banks_;
  const std::vector<OfferedModel>& models_;
  const IntakeRules& rules_;
};

// Gives the check back to whoever was charged for it, unless that was done before. Runs in the caller's transaction.
void give_back(Database& database, const CheckId& check_id);

}  // namespace heretix
