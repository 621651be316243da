// A check is asked for: may this visitor have it, what would it cost, charge it, write it down and enqueue it, all in
// one transaction; or answer it from what was measured already, for nothing.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "measure/run_check.hpp"
#include "service/account/secret.hpp"
#include "service/account/users.hpp"
#include "service/checks/served_checks.hpp"
#include "service/usage/ledger.hpp"

namespace heretix {

inline constexpr const char* kCheckJob = "check";

// A model that visitors may ask.
struct OfferedModel {
  std::string name;  // as it is asked for: "local", "openai/gpt-5"
  ProviderFacts facts;
  std::map<Readout, std::string> unreadable{};  // why it cannot be read so

  bool allows(Readout readout) const { return !unreadable.contains(readout); }
};

// What the service allows whoever asks; the operator's.
struct IntakeRules {
  std::string env = "local";
  std::string bank = "heretix_v1";
  std::chrono::seconds cache_life = std::chrono::days(30);
  Usd most_per_check = Usd::from_micros(2'000'000);
  Usd anonymous_per_day = Usd::from_micros(1'000'000);  // all anonymous checks together, at their most
  std::int64_t anonymous_per_network_and_day = 3;
  // Checks that are answered from stored results, an hour (docs/service.md).
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
Depth depth_from(const std::string& word);  // throws Error{bad_input} naming the words

// What somebody asks for, as the interface takes it.
struct CheckWish {
  std::string claim;
  std::string model = "local";
  Depth depth = Depth::standard;
  std::optional<int> slots{}, replicates{}, templates{};  // of a custom depth
  std::optional<Readout> readout{};  // empty: verbalized, or decision of a model that only states probabilities
  std::optional<std::uint64_t> seed{};
  bool fresh = false;           // nothing stored counts: asked, and charged, anew
  bool allow_question = false;  // a claim that is a question is measured as it is
};

struct Asker {
  std::optional<User> user{};
  std::string visitor_id{};  // without a user: the keyed hash of the visitor's cookie
  std::string network{};     // the asker's, as text; kept as a keyed hash
};

struct IdempotencyKey {
  std::string key;          // as given; empty: none
  std::string body_sha256;  // of what came with it
};

// Why a check is not granted; the kind is limit_reached.
class NotGranted : public Error {
 public:
  NotGranted(std::string reason, const std::string& what, const std::string& hint)
      : Error(ErrorKind::limit_reached, what, hint), reason_(std::move(reason)) {}
  const std::string& reason() const noexcept { return reason_; }  // require_signin, require_subscription, limit_reached

 private:
  std::string reason_;
};

struct Accepted {
  std::string check_id;
  bool was_replayed = false;           // of an idempotency key: nothing new was made
  std::optional<ServedCheck> check{};  // where it is known already, without its record
};

// What a check would ask and cost, before it.
struct Quote {
  std::size_t questions = 0;  // that are sent to the model, at most: a readout may take several for an answer
  std::optional<Usd> most{};  // empty: no price is known
  bool needs_plan = false;    // deeper than a trial goes
};

class Intake {
 public:
  Intake(Database& database, const Secret& secret, const PromptBanks& banks, const std::vector<OfferedModel>& models,
         const IntakeRules& rules)
      : database_(database), secret_(secret), banks_(banks), models_(models), rules_(rules) {}

  // Throws Error: bad_input (also for an idempotency key that came with another body), not_found (no such model),
  // conflict (the key's first request is under way), too_many (checks from stored results), and NotGranted.
  Accepted accept(const CheckWish& wish, const Asker& asker, const IdempotencyKey& idempotency = {});
  Quote quote(const CheckWish& wish) const;

  // A check that waits is cancelled and given back; one that runs is asked to stop. False: it has ended.
  bool cancel(const ServedCheck& check);

 private:
  struct Prepared;
  Prepared prepare(const CheckWish& wish) const;
  const OfferedModel& offered(const std::string& name) const;
  void require_granted(const CheckWish& wish, const Prepared& prepared, const Asker& asker);
  std::optional<Accepted> replay(const std::string& owner, const IdempotencyKey& idempotency);
  std::vector<Query> counting(const Asker& asker) const;
  void require_counted(const Asker& asker, std::span<const std::vector<Row>> counted) const;
  std::optional<Accepted> from_cache(const Prepared& prepared, const Asker& asker, const NewServedCheck& check);
  void charge(const Prepared& prepared, const Asker& asker, NewServedCheck& check);
  void charge_anonymous(const Prepared& prepared, const Asker& asker);

  Database& database_;
  const Secret& secret_;
  const PromptBanks& banks_;
  const std::vector<OfferedModel>& models_;
  const IntakeRules& rules_;
};

// The check is not charged any more, where it was and was not given back yet. In the caller's transaction.
void give_back(Database& database, const std::string& check_id);

}  // namespace heretix
