#include "service/billing/subscriptions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/number.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "service/account/users.hpp"
#include "service/usage/ledger.hpp"
#include "store/stored_word.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::int64_t kTolerance = 300;     // seconds
constexpr std::size_t kLongestKind = 64;     // characters kept of an event's kind
constexpr std::string_view kNothing = "{}";  // kept of an event that was applied, or that says nothing to us

constexpr std::string_view kIsKnown = "SELECT id FROM webhook_events WHERE id = :id";
constexpr std::string_view kRecord =
    "INSERT INTO webhook_events (id, kind, payload, created_at) VALUES (:id, :kind, :payload, now()) ON CONFLICT (id) "
    "DO NOTHING";
constexpr std::string_view kHold =
    "UPDATE webhook_events SET payload = :payload, customer_hash = :customer WHERE id = :id";
constexpr std::string_view kHeld =
    "SELECT id, kind, payload FROM webhook_events WHERE customer_hash IN (:customer, :account) ORDER BY id";
constexpr std::string_view kLetGo = "UPDATE webhook_events SET payload = :nothing, customer_hash = NULL WHERE id = :id";

constexpr std::string_view kAccount = "SELECT * FROM billing_accounts WHERE user_id = :user";
constexpr std::string_view kOwner =
    "SELECT user_id FROM billing_accounts WHERE customer_id IN (:customer, :account) OR customer_account = :account OR "
    "subscription_id = :subscription ORDER BY user_id";
constexpr std::string_view kCustomer =
    "INSERT INTO billing_accounts (user_id, customer_id, customer_account) VALUES (:user, :customer, :account) ON "
    "CONFLICT (user_id) DO NOTHING";
constexpr std::string_view kUpdate =
    "UPDATE billing_accounts SET customer_id = :customer, customer_account = :account, subscription_id = "
    ":subscription, subscription_created = :begun, status = :status, plan = :plan, period_end = :end, newest_event = "
    ":order WHERE user_id = :user";

bool is_equal(const std::string& a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Value text_or_null(const std::string& text) { return text.empty() ? Value(std::monostate{}) : Value(text); }

// A status that was not told is stored as an empty text.
std::string stored_text(const std::optional<SubscriptionStatus>& status) { return status ? status->word() : ""; }

// What has to be known to apply the event later. No id of a person or of their customer is in it.
std::string text_to_hold(const BillingEvent& event) {
  json items = json::array();
  for (const BilledItem& item : event.items) items.push_back({{"price", item.price}, {"period_end", item.period_end}});
  return json{{"status", stored_text(event.status)},
              {"items", items},
              {"begun", event.begun},
              {"happened_ms", event.happened_ms},
              {"is_thin", event.is_thin}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

BillingEvent held_event(const Row& row) {
  const json told = json::parse(row.required_text("payload"));
  BillingEvent event;
  event.id = row.required_text("id");
  event.kind = row.required_text("kind");
  event.is_thin = told.at("is_thin");
  event.status = subscription_status_from(told.at("status").get<std::string>());
  event.begun = told.at("begun");
  event.happened_ms = told.at("happened_ms");
  for (const json& item : told.at("items")) event.items.push_back({item.at("price"), item.at("period_end")});
  return event;
}

}  // namespace

bool is_signed(std::string_view header, const std::vector<std::string>& secrets, std::string_view body,
               std::int64_t now) {
  std::optional<std::int64_t> at;
  std::string_view stamp;
  std::vector<std::string_view> signatures;
  for (const std::string_view pair : split(header, ',')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(pair.substr(0, equals)), value = pair.substr(equals + 1);
    if (name == "t") {
      stamp = value;
      at = whole_number(value);
    }
    if (name == "v1") signatures.push_back(value);
  }
  // A number far outside would overflow a difference.
  if (!at || *at < now - kTolerance || *at > now + kTolerance) return false;
  bool holds = false;
  for (const std::string& secret : secrets) {
    const std::string expected = to_hex(hmac_sha256(secret, fmt::format("{}.{}", stamp, body)));
    for (const std::string_view signature : signatures) holds = is_equal(expected, signature) || holds;
  }
  return holds;
}

std::int64_t Subscriptions::now() {
  const std::string text = database_.query("SELECT now() AS now")[0].required_text("now");
  std::array<int, 6> n{};
  if (std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%d", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 6)
    throw Error(ErrorKind::broken, fmt::format("the database returned '{}' where a time was expected", text));
  using namespace std::chrono;
  const sys_days day =
      year(n[0]) / std::chrono::month(static_cast<unsigned>(n[1])) / std::chrono::day(static_cast<unsigned>(n[2]));
  return (day + hours(n[3]) + minutes(n[4]) + seconds(n[5])).time_since_epoch() / seconds(1);
}

bool Subscriptions::knows(const std::string& event_id) {
  return !database_.query(kIsKnown, {{":id", event_id}}).empty();
}

void Subscriptions::take(const BillingEvent& event) {
  const std::string kind = shortened(event.kind, kLongestKind);
  if (database_.execute(kRecord, {{":id", event.id}, {":kind", kind}, {":payload", std::string(kNothing)}}) == 0)
    return;

  const std::optional<UserId> user = user_of(event);
  if (!user) return hold(event);
  bind_customer(*user, event);
  if (event.is_about_subscription()) apply(*user, event);

  // What came about this customer before anything said whose it is.
  for (const Row& row : database_.query(
           kHeld, {{":customer", hash_of(event.customer)}, {":account", hash_of(event.customer_account)}})) {
    const BillingEvent held = held_event(row);
    apply(*user, held);
    database_.execute(kLetGo, {{":nothing", std::string(kNothing)}, {":id", held.id}});
  }
}

// The customer's user where the customer is known, because Stripe names the customer in every event; else the one that
// the metadata names. Subscriptions that were made at Stripe's dashboard have no metadata of ours; one that cannot be
// fetched any more has no customer either, and is known by its own id.
std::optional<UserId> Subscriptions::user_of(const BillingEvent& event) {
  const bool has_customer = !event.customer.empty() || !event.customer_account.empty();
  const auto rows = database_.query(kOwner, {{":customer", text_or_null(event.customer)},
                                             {":account", text_or_null(event.customer_account)},
                                             {":subscription", text_or_null(has_customer ? "" : event.subscription)}});
  std::optional<UserId> user = rows.empty() ? event.user : rows[0].id<UserId>("user_id");
  if (!user || !is_uuid(user->text()) || (rows.empty() && !has_customer) || !Users(database_).lock(*user))
    return std::nullopt;
  return user;
}

// Of an account that was closed, or of another service at the same payment account, nothing is kept. What names nobody
// may belong to a customer whose checkout is told later; it waits without saying whose it is.
void Subscriptions::hold(const BillingEvent& event) {
  const std::string& customer = event.customer.empty() ? event.customer_account : event.customer;
  if (!event.is_about_subscription() || event.user || customer.empty()) return;
  database_.execute(kHold, {{":payload", text_to_hold(event)}, {":customer", hash_of(customer)}, {":id", event.id}});
}

void Subscriptions::bind_customer(const UserId& user, const BillingEvent& event) {
  const std::string& customer = event.customer.empty() ? event.customer_account : event.customer;
  if (customer.empty()) return;
  database_.execute(kCustomer,
                    {{":user", user}, {":customer", customer}, {":account", text_or_null(event.customer_account)}});
}

Value Subscriptions::hash_of(const std::string& customer) const {
  return customer.empty() ? Value(std::monostate{}) : Value(secret_.hash("customer", customer));
}

// Of the items that are plans the largest counts.
std::optional<Subscriptions::Bought> Subscriptions::plan_among(const std::vector<BilledItem>& items) const {
  std::optional<Bought> best;
  for (const BilledItem& item : items) {
    const auto found = plan_of_price_.find(item.price);
    if (found == plan_of_price_.end()) continue;
    const ServicePlan& plan = service_plan(found->second);
    if (!best || plan.checks > service_plan(best->plan).checks) best = {plan.name, item.period_end};
  }
  return best;
}

void Subscriptions::apply(const UserId& user, const BillingEvent& event) {
  const Row known = database_.query(kAccount, {{":user", user}}).at(0);
  BillingEvent placed = event;
  // A subscription that cannot be fetched any more does not say when it began.
  if (placed.begun == 0 && placed.subscription == known.text_or_empty("subscription_id"))
    placed.begun = known.integer("subscription_created").value_or(0);
  if (placed.order() <= known.required_text("newest_event")) return;

  std::optional<Bought> bought;
  if (!event.is_the_end() && event.status && event.status->is_paid()) {
    bought = plan_among(event.items);
    if (!bought) {
      std::vector<std::string> prices;
      for (const BilledItem& item : event.items) prices.push_back(item.price);
      throw Error(ErrorKind::unavailable,
                  fmt::format("none of the prices belongs to a plan: {}", fmt::join(prices, ", ")),
                  "name the plan's price in HERETIX_STRIPE_PRICES");
    }
  }

  const std::optional<SubscriptionStatus> status =
      event.is_the_end() ? SubscriptionStatus::Known::canceled : event.status;
  const std::string customer = event.customer.empty() ? known.required_text("customer_id") : event.customer;
  const std::string account =
      event.customer_account.empty() ? known.text_or_empty("customer_account") : event.customer_account;
  database_.execute(kUpdate, {{":customer", customer},
                              {":account", text_or_null(account)},
                              {":subscription", text_or_null(event.subscription)},
                              {":begun", placed.begun},
                              {":status", stored_text(status)},
                              {":plan", bought ? std::string(to_word(bought->plan)) : ""},
                              {":end", bought ? bought->period_end : 0},
                              {":order", placed.order()},
                              {":user", user}});
  Ledger(database_).set_plan(user, service_plan(bought ? bought->plan : PlanName::trial));
}

std::optional<BillingAccount> Subscriptions::account_of(const UserId& user_id) {
  const auto rows = database_.query(kAccount, {{":user", user_id}});
  if (rows.empty()) return std::nullopt;
  const Row& row = rows[0];
  BillingAccount account{.customer_id = row.required_text("customer_id"),
                         .status = subscription_status_from(row.text_or_empty("status")),
                         .plan = {}};
  if (!row.text_or_empty("plan").empty()) account.plan = stored_as(row, "billing_accounts", "plan", kPlanNameWords);
  return account;
}

}  // namespace heretix
