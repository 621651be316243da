// Reads what an event from Stripe says about a subscription, in either of the two forms that Stripe sends.
//
// A snapshot event ("object": "event") carries the object as it was. A thin event ("object": "v2.core.event") only
// names the object, which is fetched afterwards and then is at least as new as the event.
// https://docs.stripe.com/event-destinations. The shapes are those of API version 2026-10-28 and of those before it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/identity.hpp"

namespace heretix {

// Stripe's word for the state of a subscription:
// https://docs.stripe.com/api/subscriptions/object#subscription_object-status
//
// The words are Stripe's, who may add to them: one that decides nothing here is kept and shown as it came.
class SubscriptionStatus {
 public:
  enum class Known { trialing, active, past_due, canceled };

  SubscriptionStatus(Known known);
  explicit SubscriptionStatus(std::string word) : word_(std::move(word)) {}

  const std::string& word() const { return word_; }
  std::optional<Known> known() const;  // empty: a word that decides nothing here
  bool is_paid() const;                // paid, or given time to pay

 private:
  std::string word_;
};

// As Stripe and our database write it: an empty text says nothing.
std::optional<SubscriptionStatus> subscription_status_from(std::string text);

// A line of a subscription: several products may be bought together, and only one of them is a plan of ours.
struct BilledItem {
  std::string price;            // "price_…"
  std::int64_t period_end = 0;  // UNIX seconds; 0: not told
};

struct BillingEvent {
  std::string id;
  std::string kind;  // "customer.subscription.updated", for thin events too
  bool is_thin = false;
  std::string path;     // of a thin event: where to fetch the object; empty: the event does not concern us
  std::string context;  // of a thin event: the account in whose name it is fetched; mostly empty

  std::optional<UserId> user;              // as metadata or checkout name them, if anybody of ours; empty: not told
  std::string customer, customer_account;  // either may be empty: newer accounts at Stripe have no customer
  std::string subscription;
  std::optional<SubscriptionStatus> status;  // of the subscription; empty: not told
  std::vector<BilledItem> items;
  std::int64_t begun = 0;        // of the subscription, UNIX seconds
  std::int64_t happened_ms = 0;  // of the event, UNIX milliseconds

  bool is_about_subscription() const;
  // A fetched object says by its status whether it has ended; a snapshot of the end may show the status before.
  bool is_the_end() const;

  // Sorts the events of one user. A later subscription counts over an earlier one, then a later event over an earlier
  // one. Within one moment the end counts over a change, and a change over the beginning. At last the id decides, so
  // that every order of arrival ends in the same state.
  std::string order() const;
};

// Throws Error{bad_input} for a text that is not an event. Pure.
BillingEvent parse_billing_event(std::string_view body);

// Fills in what the object behind a thin event says. Pure.
void add_fetched_object(BillingEvent& event, const nlohmann::json& object);

}  // namespace heretix
