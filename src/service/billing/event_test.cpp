#include "service/billing/event.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace heretix {
namespace {

using nlohmann::json;

TEST(BillingEvent, OfBothFormsStandsInOneOrder) {
  const BillingEvent snapshot = parse_billing_event(
      R"({"id": "evt_b", "object": "event", "type": "customer.subscription.updated", "created": 1700000000})");
  const BillingEvent thin = parse_billing_event(
      R"({"id": "evt_a", "object": "v2.core.event", "type": "v1.customer.subscription.updated",
          "created": "2023-11-14T22:13:20.001Z", "related_object": {"id": "sub_1", "type": "subscription"}})");
  EXPECT_EQ(snapshot.happened_ms, 1700000000000);
  EXPECT_EQ(thin.happened_ms, 1700000000001);
  EXPECT_EQ(thin.kind, snapshot.kind);
  EXPECT_EQ(thin.path, "/v1/subscriptions/sub_1");
  EXPECT_TRUE(snapshot.path.empty());
  EXPECT_LT(snapshot.order(), thin.order());
}

TEST(BillingEvent, OfOneSecondEndsWithTheEnd) {
  const auto of = [](const std::string& kind, const std::string& id) {
    return parse_billing_event(json{{"id", id}, {"type", "customer.subscription." + kind}, {"created", 5}}.dump())
        .order();
  };
  EXPECT_LT(of("created", "c"), of("updated", "b"));
  EXPECT_LT(of("updated", "b"), of("deleted", "a"));
}

TEST(BillingEvent, ReadsIdsThatAreExpandedAndNoPathOfItsOwn) {
  BillingEvent event = parse_billing_event(
      R"({"id": "evt_1", "object": "v2.core.event", "type": "v1.customer.subscription.updated", "created": "x",
          "related_object": {"id": "../payouts", "type": "subscription", "url": "/v1/payouts"}})");
  EXPECT_TRUE(event.path.empty());
  add_fetched_object(event, json{{"id", "sub_1"},
                                 {"customer", {{"id", "cus_1"}, {"object", "customer"}}},
                                 {"customer_account", nullptr},
                                 {"current_period_end", 7},
                                 {"items", {{"data", {{{"price", {{"id", "price_a"}}}}, {{"price", "price_b"}}}}}}});
  EXPECT_EQ(event.customer, "cus_1");
  EXPECT_EQ(event.customer_account, "");
  ASSERT_EQ(event.items.size(), 2U);
  EXPECT_EQ(event.items[0].price, "price_a");
  EXPECT_EQ(event.items[1].price, "price_b");
  EXPECT_EQ(event.items[1].period_end, 7);
}

TEST(BillingEvent, WhatIsNoneIsRefused) {
  for (const char* body : {"", "[]", "1", "{}", R"({"id": "a"})", R"({"type": "a"})", R"({"id": 1, "type": 2})"})
    EXPECT_THROW(parse_billing_event(body), Error) << body;
}

}  // namespace
}  // namespace heretix
