// Asks Stripe for the pages on which a person pays and manages a subscription; the browser is then sent there.
// https://docs.stripe.com/api/checkout/sessions/create, https://docs.stripe.com/api/customer_portal/sessions/create
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "service/account/plan_name.hpp"
#include "service/billing/event.hpp"

namespace heretix {

// The API version whose shapes service/billing/event.hpp reads. It is asked for by name, so that the default of the
// Stripe account does not matter.
inline constexpr const char* kStripeVersion = "2026-10-28.endive";

struct StripeSettings {
  std::string url = "https://api.stripe.com";     // without a slash at its end; the key may be sent there
  std::string key;                                // secret; empty: payment is not set up
  std::vector<std::string> webhook_secrets{};     // several while one replaces another
  std::map<std::string, PlanName> plan_of_price;  // by "price_…"
  std::string ca_file{};

  bool is_set_up() const { return !key.empty() && !webhook_secrets.empty() && !plan_of_price.empty(); }
};

// Each blocks for at most 20 s and returns the address to send the browser to. Throws Error: unavailable (Stripe cannot
// be reached, or has a fault), broken (Stripe refuses our call; its words are in the message). Calls with the same
// `once` make only one page, however often they are repeated.
std::string checkout_page(const StripeSettings& settings, const std::string& price, const UserId& user_id,
                          const std::string& email, const std::string& origin, const std::string& once);
// `customer_id` is the id of a customer ("cus_…") or of an account that is a customer ("acct_…").
std::string portal_page(const StripeSettings& settings, const std::string& customer_id, const std::string& origin);

// Fetches the object that a thin event names, in the name of the event's account (without one: our own). Returns empty
// if there is none for this key. Throws as above.
std::optional<nlohmann::json> fetch_object(const StripeSettings& settings, const BillingEvent& event);

}  // namespace heretix
