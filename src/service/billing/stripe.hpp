// Stripe's own pages, where a person pays and looks after a subscription: we ask for one and send the browser there.
// https://docs.stripe.com/api/checkout/sessions/create, https://docs.stripe.com/api/customer_portal/sessions/create
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace heretix {

// Whose shapes service/billing/event.hpp reads: asked for by name, so that the account's default decides nothing.
inline constexpr const char* kStripeVersion = "2026-10-28.endive";

struct StripeSettings {
  std::string url = "https://api.stripe.com";        // without a slash at its end; the key may be sent there
  std::string key;                                   // secret; empty: payment is not set up
  std::vector<std::string> webhook_secrets{};        // several while one replaces another
  std::map<std::string, std::string> plan_of_price;  // "price_…" to our plan's name
  std::string ca_file{};

  bool is_set_up() const { return !key.empty() && !webhook_secrets.empty() && !plan_of_price.empty(); }
};

// Each is a blocking call of at most 20 s; the address to send the browser to comes back. Throws Error: unavailable
// (not reached, or Stripe is not well), broken (Stripe refuses our call; its words are in the message).
// `once`: the same text makes one page, however often it is asked for.
std::string checkout_page(const StripeSettings& settings, const std::string& price, const std::string& user_id,
                          const std::string& email, const std::string& origin, const std::string& once);
// `customer_id`: of a customer ("cus_…") or of an account that is one ("acct_…").
std::string portal_page(const StripeSettings& settings, const std::string& customer_id, const std::string& origin);

// What stands at `path`, for the thin event `event_id` in the name of `context` (empty: our own account). Empty: it is
// not there for this key. Throws as above.
std::optional<nlohmann::json> fetch_object(const StripeSettings& settings, const std::string& path,
                                           const std::string& event_id, const std::string& context);

}  // namespace heretix
