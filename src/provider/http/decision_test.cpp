#include "provider/http/decision.hpp"

#include <gtest/gtest.h>

namespace heretix {
namespace {

using namespace std::chrono_literals;

struct Row {
  const char* name;
  Happening happening;
  Decision decision;
};

Happening status(int code, const char* error_code = "", bool has_body = true) {
  Happening h{.status = code, .error_code = error_code, .has_error_body = has_body};
  h.bytes_sent = 900;
  h.bytes_received = 300;
  return h;
}
Happening lost(long long sent, long long received = 0) {
  Happening h{.event = Event::no_reply};
  h.bytes_sent = sent;
  h.bytes_received = received;
  return h;
}
Happening with_wait(Happening h, std::chrono::milliseconds wait) {
  h.retry_after = wait;
  return h;
}
Happening naming_optional(Happening h) {
  h.names_optional = true;
  return h;
}
Happening to_host(Happening h, const char* host) {
  h.redirect_host = host;
  h.own_host = "api.test";
  return h;
}

constexpr Decision kRetry{.next = Next::retry};
constexpr Decision kOnce{.billed = Billed::maybe, .next = Next::retry_once};
constexpr Decision kAnswer{.billed = Billed::yes, .next = Next::answer};
constexpr Decision kPark{.next = Next::park};

Decision stop(ErrorKind kind) { return {.next = Next::stop, .kind = kind}; }
Decision after(Next next, std::chrono::milliseconds wait) { return {.next = next, .wait = wait}; }

// docs/models.md has this table.
const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"nothing sent: refused, unknown host, no encrypted connection", lost(0), kRetry},
      {"429", status(429, "rate_limit_exceeded"), kRetry},
      {"429 with a wait", with_wait(status(429), 3s), after(Next::retry, 3s)},
      {"429 with a wait of 120 s", with_wait(status(429), 120s), after(Next::retry, 120s)},
      {"429 with a wait above 120 s", with_wait(status(429), 120'001ms), after(Next::park, 120'001ms)},
      {"429 whose wait is over", with_wait(status(429), 0s), after(Next::retry, 0s)},
      {"429 without a body", status(429, "", false), kRetry},
      {"408", status(408), kRetry},
      {"409", status(409), kRetry},
      {"503 with an error body", status(503, "overloaded"), kRetry},
      {"529 with an error body", status(529, "overloaded_error"), kRetry},
      {"503 with an error body and a long wait", with_wait(status(503), 500s), after(Next::park, 500s)},
      {"503 without one", status(503, "", false), kOnce},
      {"529 without one", status(529, "", false), kOnce},
      {"500", status(500, "server_error"), kOnce},
      {"502", status(502, "", false), kOnce},
      {"504", status(504), kOnce},
      {"reset or timeout after the request", lost(900), kOnce},
      {"cut short in the body", lost(900, 200), kOnce},
      {"301", to_host(status(301, "", false), "api.test"), stop(ErrorKind::bad_input)},
      {"307 to another host", to_host(status(307, "", false), "elsewhere.test"), stop(ErrorKind::bad_input)},
      {"400", status(400, "invalid_request_error"), stop(ErrorKind::bad_input)},
      {"400 naming an optional parameter", naming_optional(status(400)), {.next = Next::leave_out}},
      {"422 naming an optional parameter", naming_optional(status(422)), {.next = Next::leave_out}},
      {"401", status(401), stop(ErrorKind::not_allowed)},
      {"403", status(403), stop(ErrorKind::not_allowed)},
      {"403 naming an optional parameter", naming_optional(status(403)), stop(ErrorKind::not_allowed)},
      {"404", status(404, "model_not_found"), stop(ErrorKind::not_found)},
      {"413", status(413), stop(ErrorKind::too_large)},
      {"422", status(422), stop(ErrorKind::bad_input)},
      {"certificate", {.event = Event::untrusted_certificate}, stop(ErrorKind::not_allowed)},
      {"address", {.event = Event::malformed_address}, stop(ErrorKind::bad_input)},
      {"200", status(200), kAnswer},
      {"204, empty", status(204, "", false), kAnswer},
      {"402", status(402), kPark},
      {"429 quota", status(429, "insufficient_quota"), kPark},
      {"429 daily quota with a wait", with_wait(status(429, "daily_quota"), 30s), after(Next::park, 30s)},
      {"400 credit", status(400, "credits_exhausted"), kPark},
      {"403 spending limit", status(403, "spend_limit_reached"), kPark},
      {"500 naming a quota", status(500, "insufficient_quota"), kOnce},
  };
  return all;
}

class DecisionTable : public testing::TestWithParam<std::size_t> {};

TEST_P(DecisionTable, Row) {
  const Row& row = rows()[GetParam()];
  const Decision decided = decide(row.happening);
  EXPECT_EQ(decided.billed, row.decision.billed) << row.name;
  EXPECT_EQ(decided.next, row.decision.next) << row.name;
  EXPECT_EQ(decided.wait, row.decision.wait) << row.name;
  if (row.decision.next == Next::stop) { EXPECT_EQ(decided.kind, row.decision.kind) << row.name; }
}
INSTANTIATE_TEST_SUITE_P(All, DecisionTable, testing::Range(std::size_t{0}, rows().size()));

TEST(Decision, AnythingThatMayBeBilledIsAskedAgainAtMostOnce) {
  for (int code = 100; code < 600; ++code) {
    for (const bool has_body : {false, true}) {
      const Decision decided = decide(status(code, "", has_body));
      if (decided.billed == Billed::maybe) { EXPECT_EQ(decided.next, Next::retry_once) << code; }
      if (decided.next == Next::retry) { EXPECT_EQ(decided.billed, Billed::no) << code; }
    }
  }
}

}  // namespace
}  // namespace heretix
