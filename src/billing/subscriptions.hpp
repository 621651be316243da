// Who pays for which plan, as Stripe's webhooks tell it: in any order, each any number of times.
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

#include "store/database.hpp"

namespace heretix {

// `header` is "t=UNIX,v1=HEX,…": true where any v1 is the HMAC-SHA-256 of "t.body" by any of the secrets, and t is at
// most 300 s from `now` (UNIX seconds) either way. Pure, compares in constant time.
bool is_signed(std::string_view header, std::string_view body, const std::vector<std::string>& secrets,
               std::int64_t now);

struct BillingAccount {
  std::string customer_id;
  std::string status;  // Stripe's word of the newest subscription; empty: none yet
  std::string plan;    // what it pays for, in our words; empty: nothing (any more)
};

class Subscriptions {
 public:
  // `plan_of_price`: Stripe's price id to our plan's name.
  Subscriptions(Database& database, const std::map<std::string, std::string>& plan_of_price)
      : database_(database), plan_of_price_(plan_of_price) {}

  // The body of a webhook whose signature holds. In the caller's transaction, begun beside others. An event that was
  // taken before changes nothing, nor does one that is older than what is known. Throws Error: bad_input (no event),
  // unavailable (a price that no plan has: the setting is to be completed, and Stripe sends it again).
  void take(std::string_view body);

  std::optional<BillingAccount> account_of(const std::string& user_id);
  // UNIX seconds by the database's clock.
  std::int64_t now();

 private:
  struct Told;
  void apply(const Told& told);
  Database& database_;
  const std::map<std::string, std::string>& plan_of_price_;
};

}  // namespace heretix
