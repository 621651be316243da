#include "billing/subscriptions.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "account/secret.hpp"
#include "account/users.hpp"
#include "base/number.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "usage/ledger.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::int64_t kTolerance = 300;  // seconds
constexpr std::string_view kSubscription = "customer.subscription.";

constexpr std::string_view kRecord =
    "INSERT INTO webhook_events (id, kind, payload, created_at) VALUES (:id, :kind, :payload, now()) ON CONFLICT (id) "
    "DO NOTHING";
constexpr std::string_view kAccount = "SELECT * FROM billing_accounts WHERE user_id = :user";
constexpr std::string_view kCustomer =
    "INSERT INTO billing_accounts (user_id, customer_id) VALUES (:user, :customer) ON CONFLICT (user_id) DO NOTHING";
constexpr std::string_view kUpdate =
    "UPDATE billing_accounts SET customer_id = :customer, subscription_id = :subscription, subscription_created = "
    ":begun, status = :status, plan = :plan, period_end = :end, newest_event = :order WHERE user_id = :user";

bool is_equal(const std::string& a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Of an object's field; empty where there is no such text.
std::string text_at(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t number_at(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

json part(const json& object, const json::json_pointer& at) { return object.contains(at) ? object.at(at) : json(); }

// Paid, or given time to pay.
bool counts(const std::string& status) { return status == "active" || status == "trialing" || status == "past_due"; }

}  // namespace

// What one event says, and where it stands among all of its user's.
struct Subscriptions::Told {
  std::string id{}, kind{}, user{}, customer{}, subscription{}, status{}, price{};
  std::int64_t begun = 0, period_end = 0, created = 0;

  bool is_about_subscription() const { return kind.starts_with(kSubscription); }
  bool is_the_end() const { return kind == "customer.subscription.deleted"; }
  // Later subscriptions count over earlier ones, then later events; within a second the end counts over a change, a
  // change over the beginning, and at last the id decides, so that every order of arrival ends alike.
  std::string order() const {
    const int rank = is_the_end() ? 2 : kind == "customer.subscription.created" ? 0 : 1;
    return fmt::format("{:020}.{:020}.{}.{}", begun, created, rank, id);
  }
  std::string kept() const {  // no more of a person than what decides the plan
    return json{{"user", user},      {"customer", customer}, {"subscription", subscription},
                {"status", status},  {"price", price},       {"begun", begun},
                {"created", created}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
  }

  static Told parse(std::string_view body) {
    const json event = json::parse(body, nullptr, false);
    Told told{.id = text_at(event, "id"), .kind = text_at(event, "type")};
    if (told.id.empty() || told.id.size() > 255 || told.kind.empty() || told.kind.size() > 64)
      throw Error(ErrorKind::bad_input, "the body is no event: id and type are missing");
    const json object = part(event, json::json_pointer("/data/object"));
    const json item = part(object, json::json_pointer("/items/data/0"));
    told.customer = text_at(object, "customer");
    told.created = number_at(event, "created");
    if (!told.is_about_subscription()) {
      told.user = text_at(object, "client_reference_id");  // of a finished checkout
      return told;
    }
    told.user = text_at(part(object, json::json_pointer("/metadata")), "user_id");
    told.subscription = text_at(object, "id");
    told.status = text_at(object, "status");
    told.begun = number_at(object, "created");
    told.price = text_at(part(item, json::json_pointer("/price")), "id");
    told.period_end = number_at(object, "current_period_end");  // newer versions of the interface: of the item
    if (told.period_end == 0) told.period_end = number_at(item, "current_period_end");
    return told;
  }
};

bool is_signed(std::string_view header, std::string_view body, const std::vector<std::string>& secrets,
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
  const std::string text = database_.query("SELECT now() AS now")[0].text_or_empty("now");
  std::array<int, 6> n{};
  if (std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%d", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 6)
    throw Error(ErrorKind::broken, fmt::format("the database gave '{}' for a time", text));
  using namespace std::chrono;
  const sys_days day =
      year(n[0]) / std::chrono::month(static_cast<unsigned>(n[1])) / std::chrono::day(static_cast<unsigned>(n[2]));
  return (day + hours(n[3]) + minutes(n[4]) + seconds(n[5])).time_since_epoch() / seconds(1);
}

void Subscriptions::take(std::string_view body) {
  const Told told = Told::parse(body);
  if (database_.execute(kRecord, {{":id", told.id}, {":kind", told.kind}, {":payload", told.kept()}}) == 0) return;
  // Of an account that was closed, or of another service at the same provider: recorded, and nothing to do.
  if (told.customer.empty() || !is_uuid(told.user) || !Users(database_).lock(told.user)) return;
  database_.execute(kCustomer, {{":user", told.user}, {":customer", told.customer}});
  if (told.is_about_subscription()) apply(told);
}

void Subscriptions::apply(const Told& told) {
  const auto rows = database_.query(kAccount, {{":user", told.user}});
  if (told.order() <= rows.at(0).text_or_empty("newest_event")) return;
  std::string plan;
  if (!told.is_the_end() && counts(told.status)) {
    const auto found = plan_of_price_.find(told.price);
    if (found == plan_of_price_.end())
      throw Error(ErrorKind::unavailable, fmt::format("the price {} has no plan", told.price),
                  "name it in HERETIX_STRIPE_PRICES");
    plan = found->second;
  }
  database_.execute(kUpdate, {{":customer", told.customer},
                              {":subscription", told.subscription},
                              {":begun", told.begun},
                              {":status", told.is_the_end() ? std::string("canceled") : told.status},
                              {":plan", plan},
                              {":end", told.period_end},
                              {":order", told.order()},
                              {":user", told.user}});
  Ledger(database_).set_plan(told.user, service_plan_or_trial(plan));
}

std::optional<BillingAccount> Subscriptions::account_of(const std::string& user_id) {
  const auto rows = database_.query(kAccount, {{":user", user_id}});
  if (rows.empty()) return std::nullopt;
  return BillingAccount{.customer_id = rows[0].text_or_empty("customer_id"),
                        .status = rows[0].text_or_empty("status"),
                        .plan = rows[0].text_or_empty("plan")};
}

}  // namespace heretix
