#include "service/billing/event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/word_table.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr WordTable<SubscriptionStatus::Known, 4> kStatusWords{{{SubscriptionStatus::Known::trialing, "trialing"},
                                                                {SubscriptionStatus::Known::active, "active"},
                                                                {SubscriptionStatus::Known::past_due, "past_due"},
                                                                {SubscriptionStatus::Known::canceled, "canceled"}}};

constexpr std::string_view kSubscription = "customer.subscription.";
constexpr std::string_view kCheckoutDone = "checkout.session.completed";
constexpr std::string_view kOfVersionOne = "v1.";  // what thin events put in front of the kinds of snapshot events
constexpr std::size_t kLongestId = 255;

// The field of an object; null where there is none.
json field(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? json(nullptr) : *found;
}

std::string text_at(const json& object, const char* name) {
  const json value = field(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

std::int64_t number_at(const json& object, const char* name) {
  const json value = field(object, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

// Stripe gives a related object by its id, or whole where it was asked to expand it.
std::string id_at(const json& object, const char* name) {
  const json value = field(object, name);
  return value.is_object() ? text_at(value, "id") : text_at(object, name);
}

// The user that our checkout named. Another service at the same payment account may name something else there.
std::optional<UserId> user_at(const json& object, const char* name) {
  std::string text = text_at(object, name);
  return text.empty() ? std::nullopt : std::optional(UserId{std::move(text)});
}

// Thin events write times as "2026-11-28T22:30:00.123Z", snapshot events as UNIX seconds.
std::int64_t milliseconds_of(const json& time) {
  if (time.is_number_integer()) return time.get<std::int64_t>() * 1000;
  if (!time.is_string()) return 0;

  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  double second = 0;
  const std::string text = time.get<std::string>();
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%lf", &year, &month, &day, &hour, &minute, &second) != 6) return 0;

  using namespace std::chrono;
  const sys_days date = std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
                        std::chrono::day(static_cast<unsigned>(day));
  const auto at = date + hours(hour) + minutes(minute) + milliseconds(std::llround(second * 1000));
  return at.time_since_epoch() / milliseconds(1);
}

std::vector<BilledItem> items_of(const json& subscription) {
  // Before 2025-03-31 the period stood at the subscription, since then it stands at each item.
  const std::int64_t end_of_all = number_at(subscription, "current_period_end");

  std::vector<BilledItem> items;
  for (const json& item : field(field(subscription, "items"), "data")) {
    const std::int64_t end = number_at(item, "current_period_end");
    items.push_back({.price = id_at(item, "price"), .period_end = end == 0 ? end_of_all : end});
  }
  return items;
}

// Only where the object is one of those that decide something, and its id is one that can stand in a path.
std::string path_of(const json& related, std::string_view kind) {
  const std::string id = text_at(related, "id");
  const bool is_plain = !id.empty() && id.size() <= kLongestId && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!is_plain) return "";
  if (kind.starts_with(kSubscription)) return "/v1/subscriptions/" + id;
  if (kind == kCheckoutDone) return "/v1/checkout/sessions/" + id;
  return "";
}

}  // namespace

SubscriptionStatus::SubscriptionStatus(Known known) : word_(kStatusWords.word(known)) {}

std::optional<SubscriptionStatus::Known> SubscriptionStatus::known() const { return kStatusWords.value(word_); }

bool SubscriptionStatus::is_paid() const {
  const auto status = known();
  return status == Known::active || status == Known::trialing || status == Known::past_due;
}

std::optional<SubscriptionStatus> subscription_status_from(std::string text) {
  return text.empty() ? std::nullopt : std::optional(SubscriptionStatus(std::move(text)));
}

bool BillingEvent::is_about_subscription() const { return kind.starts_with(kSubscription); }

bool BillingEvent::is_the_end() const { return !is_thin && kind == "customer.subscription.deleted"; }

std::string BillingEvent::order() const {
  const bool ends = kind == "customer.subscription.deleted";
  const int rank = ends ? 2 : kind == "customer.subscription.created" ? 0 : 1;
  return fmt::format("{:020}.{:020}.{}.{}", begun, happened_ms, rank, id);
}

void add_fetched_object(BillingEvent& event, const json& object) {
  const bool is_checkout = event.kind == kCheckoutDone;
  if (!is_checkout && !event.is_about_subscription()) return;

  event.customer = id_at(object, "customer");
  event.customer_account = id_at(object, "customer_account");
  if (is_checkout) {
    event.user = user_at(object, "client_reference_id");
    return;
  }

  event.user = user_at(field(object, "metadata"), "user_id");
  event.subscription = text_at(object, "id");
  event.status = subscription_status_from(text_at(object, "status"));
  event.begun = number_at(object, "created");
  event.items = items_of(object);
}

BillingEvent parse_billing_event(std::string_view body) {
  const json told = json::parse(body, nullptr, false);
  BillingEvent event;
  event.id = text_at(told, "id");
  event.kind = text_at(told, "type");
  if (event.id.empty() || event.id.size() > kLongestId || event.kind.empty() || event.kind.size() > kLongestId)
    throw Error(ErrorKind::bad_input,
                "the body is not an event: it has no id or no type, or one of over 255 characters");

  event.happened_ms = milliseconds_of(field(told, "created"));
  event.is_thin = text_at(told, "object") == "v2.core.event";
  if (!event.is_thin) {
    add_fetched_object(event, field(field(told, "data"), "object"));
    return event;
  }

  if (event.kind.starts_with(kOfVersionOne)) event.kind.erase(0, kOfVersionOne.size());
  event.context = text_at(told, "context");
  event.path = path_of(field(told, "related_object"), event.kind);
  if (event.is_about_subscription()) event.subscription = text_at(field(told, "related_object"), "id");
  return event;
}

}  // namespace heretix
