#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "service/billing/subscriptions.hpp"
#include "service/routes/service_context.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

ServiceResponse get_billing(ServiceContext& service, Call& call) {
  json plans = json::array();
  const auto& prices = service.settings().billing.plan_of_price;
  for (const ServicePlan& plan : service_plans()) {
    const bool is_for_sale = std::ranges::any_of(prices, [&](const auto& entry) { return entry.second == plan.name; });
    plans.push_back({{"name", to_word(plan.name)},
                     {"title", plan.title},
                     {"checks", plan.checks},
                     {"per", plan.per == Per::ever ? "ever" : "month"},
                     {"goes_deep", plan.goes_deep},
                     {"for_sale", is_for_sale}});
  }
  const auto account = Subscriptions(call.database, service.secret(), service.settings().billing.plan_of_price)
                           .account_of(call.who->user.id);
  return json_response(200,
                       {{"is_set_up", service.settings().billing.is_set_up()},
                        {"plan", to_word(Ledger(call.database).usage_of(call.who->user).plan)},
                        {"subscription", account && account->status ? json(account->status->word()) : json(nullptr)},
                        {"plans", plans}});
}

void require_billing(const ServiceContext& service) {
  if (!service.settings().billing.is_set_up())
    throw Error(ErrorKind::conflict, "plans cannot be bought here", "ask whoever runs this service for a plan");
}

ServiceResponse buy_plan(ServiceContext& service, Call& call) {
  const Body body(call.request, {"plan"});
  const std::string wanted = body.text("plan", 32);
  require_billing(service);
  const auto plan = kPlanNameWords.value(wanted);
  const auto& prices = service.settings().billing.plan_of_price;
  const auto price = std::ranges::find_if(prices, [&](const auto& entry) { return entry.second == plan; });
  if (price == prices.end()) throw Refusal(422, fmt::format("there is no plan '{}' to buy", wanted));
  const User& user = call.who->user;
  const auto account = Subscriptions(call.database, service.secret(), prices).account_of(user.id);
  if (account && account->plan)
    throw Error(ErrorKind::conflict, "there is already a paid subscription", "change it on the payment service's page");
  return json_response(200, {{"url", checkout_page(service.settings().billing, price->first, user.id, user.email,
                                                   service.settings().origin, call.request.id)}});
}

ServiceResponse open_portal(ServiceContext& service, Call& call) {
  const Body body(call.request, {});
  require_billing(service);
  const auto account = Subscriptions(call.database, service.secret(), service.settings().billing.plan_of_price)
                           .account_of(call.who->user.id);
  if (!account) throw Error(ErrorKind::conflict, "nothing has been bought yet");
  return json_response(
      200, {{"url", portal_page(service.settings().billing, account->customer_id, service.settings().origin)}});
}

// A thin event only names its object. What is fetched is at least as new as the event, so it may be applied as it is.
void complete(BillingEvent& event, const StripeSettings& stripe) {
  const auto object = fetch_object(stripe, event);
  if (object) return add_fetched_object(event, *object);

  // Stripe forgets ended subscriptions in the end; any other that is missing belongs to another key.
  if (event.kind != "customer.subscription.deleted")
    throw Error(
        ErrorKind::unavailable,
        fmt::format("the payment service does not know {} of {}: HERETIX_STRIPE_KEY belongs to another account or mode",
                    event.path, event.id));
  event.status = SubscriptionStatus::Known::canceled;
}

// The signature is of the bytes as they came; nobody else can have made them.
ServiceResponse take_webhook(ServiceContext& service, Call& call) {
  const std::string signature = call.request.header("stripe-signature");
  if (signature.empty()) throw Refusal(400, "the header Stripe-Signature is missing");
  require_billing(service);
  Subscriptions subscriptions(call.database, service.secret(), service.settings().billing.plan_of_price);
  const std::string& body = call.request.body;
  if (!is_signed(signature, service.settings().billing.webhook_secrets, body, subscriptions.now()))
    throw Refusal(400, "the signature is not valid");

  // Fetching takes up to 20 seconds, so no transaction is open meanwhile.
  BillingEvent event = parse_billing_event(body);
  if (!event.path.empty() && !subscriptions.knows(event.id)) complete(event, service.settings().billing);

  in_transaction(call.database, [&] { subscriptions.take(event); }, {.isolation = Isolation::beside_others});
  return {.status = 204};
}

}  // namespace

std::span<const Route> billing_routes() {
  static constexpr std::array kRoutes = {Route{{"GET", "/api/billing"}, Audience::user, &get_billing},
                                         Route{{"POST", "/api/billing/checkout"}, Audience::user, &buy_plan},
                                         Route{{"POST", "/api/billing/portal"}, Audience::user, &open_portal},
                                         Route{{"POST", "/api/billing/webhook"}, Audience::everybody, &take_webhook}};
  return kRoutes;
}

}  // namespace heretix::http
