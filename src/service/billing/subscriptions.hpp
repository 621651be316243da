// Keeps who pays for which plan, as the webhooks of Stripe report it. They may come in any order, and each any number
// of times.
//
// Events and their signatures: https://docs.stripe.com/webhooks. Owns the SQL of `webhook_events` and
// `billing_accounts`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "service/account/plan_name.hpp"
#include "service/account/secret.hpp"
#include "service/billing/event.hpp"
#include "store/database.hpp"

namespace heretix {

// `header` is "t=UNIX,v1=HEX,…": true where any v1 is the HMAC-SHA-256 of "t.body" by any of the secrets, and t is at
// most 300 s from `now` (UNIX seconds) either way. Pure, compares in constant time.
bool is_signed(std::string_view header, const std::vector<std::string>& secrets, std::string_view body,
               std::int64_t now);

struct BillingAccount {
  std::string customer_id;
  std::optional<SubscriptionStatus> status;  // of the newest subscription; empty: none yet
  std::optional<PlanName> plan;              // the plan that is paid for; empty: none, or none any more
};

class Subscriptions {
 public:
  // `plan_of_price`: our plans by Stripe's price ids.
  Subscriptions(Database& database, const Secret& secret, const std::map<std::string, PlanName>& plan_of_price)
      : database_(database), secret_(secret), plan_of_price_(plan_of_price) {}

  // Whether the event was taken before, so that nothing needs to be fetched for it.
  bool knows(const std::string& event_id);

  // Takes in an event whose signature is valid; a thin one must have been completed. Runs in the caller's transaction
  // (Isolation::beside_others). An event that was taken before, or is older than what is known, changes nothing. It
  // belongs to the user whose customer it names, else to the one in its metadata. Throws Error{unavailable} if no price
  // of a paid subscription has a plan: the operator has to complete the setting, and Stripe sends the event again.
  void take(const BillingEvent& event);

  std::optional<BillingAccount> account_of(const UserId& user_id);
  // UNIX seconds by the database's clock.
  std::int64_t now();

 private:
  struct Bought {
    PlanName plan;
    std::int64_t period_end;  // UNIX seconds; 0: not told
  };
  std::optional<UserId> user_of(const BillingEvent& event);
  void hold(const BillingEvent& event);
  void bind_customer(const UserId& user, const BillingEvent& event);
  std::optional<Bought> plan_among(const std::vector<BilledItem>& items) const;
  void apply(const UserId& user, const BillingEvent& event);
  Value hash_of(const std::string& customer) const;

  Database& database_;
  const Secret& secret_;
  const std::map<std::string, PlanName>& plan_of_price_;
};

}  // namespace heretix
