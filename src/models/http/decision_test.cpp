#include "models/http/decision.hpp"

#include <gtest/gtest.h>

namespace heretix {
namespace {

using namespace std::chrono_literals;

struct Row {
  const char* name;
  Happening happening;
  Decision decision;
};

Happening status(int code, Cause cause = Cause::unnamed, bool has_body = true) {
  Happening h{.status = code, .cause = cause, .has_error_body = has_body};
  h.bytes_sent = 900;
  h.bytes_received = 300;
  return h;
}
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): sent before received
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
Happening told_to_retry(Happening h, bool should_retry) {
  h.should_retry = should_retry;
  return h;
}
Happening without_answer(Happening h) {
  h.has_answer = false;
  return h;
}
Happening of_other_api(Happening h) {
  h.is_of_other_api = true;
  return h;
}
Happening with_lasting_conflicts(Happening h) {
  h.conflict_passes = false;
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
constexpr Decision kParkInDoubt{.billed = Billed::maybe, .next = Next::park};
constexpr Decision kUnusable{.billed = Billed::maybe, .next = Next::unusable};

Decision stop(ErrorKind kind) { return {.next = Next::stop, .kind = kind}; }
Decision after(Next next, std::chrono::milliseconds wait) { return {.next = next, .wait = wait}; }

// docs/models.md has this table.
const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"nothing sent: refused, unknown host, no encrypted connection", lost(0), kRetry},
      {"429", status(429), kRetry},
      {"429 with a wait", with_wait(status(429), 3s), after(Next::retry, 3s)},
      {"429 with a wait of 120 s", with_wait(status(429), 120s), after(Next::retry, 120s)},
      {"429 with a wait above 120 s", with_wait(status(429), 120'001ms), after(Next::park, 120'001ms)},
      {"429 whose wait is over", with_wait(status(429), 0s), after(Next::retry, 0s)},
      {"429 without a body", status(429, Cause::unnamed, false), kRetry},
      {"408", status(408), kRetry},
      {"409", status(409), kRetry},
      {"503 with an error body", status(503), kRetry},
      {"529 with an error body", status(529), kRetry},
      {"503 with an error body and a long wait", with_wait(status(503), 500s), after(Next::park, 500s)},
      {"503 without one", status(503, Cause::unnamed, false), kOnce},
      {"529 without one", status(529, Cause::unnamed, false), kOnce},
      {"500", status(500), kOnce},
      {"502", status(502, Cause::unnamed, false), kOnce},
      {"504", status(504), kOnce},
      {"reset or timeout after the request", lost(900), kOnce},
      {"cut short in the body", lost(900, 200), kOnce},
      {"301", to_host(status(301, Cause::unnamed, false), "api.test"), stop(ErrorKind::bad_input)},
      {"307 to another host", to_host(status(307, Cause::unnamed, false), "elsewhere.test"),
       stop(ErrorKind::bad_input)},
      {"400", status(400), stop(ErrorKind::bad_input)},
      {"400 naming an optional parameter", naming_optional(status(400)), {.next = Next::leave_out}},
      {"422 naming an optional parameter", naming_optional(status(422)), {.next = Next::leave_out}},
      {"500 naming a way of asking that it lacks", naming_optional(status(500)), {.next = Next::leave_out}},
      {"501 naming a way of asking that it lacks", naming_optional(status(501)), {.next = Next::leave_out}},
      {"502 naming an optional parameter", naming_optional(status(502)), kOnce},
      {"501 of a model that another API asks", of_other_api(status(501)), stop(ErrorKind::bad_input)},
      {"404 of a model that another API asks", of_other_api(status(404)), stop(ErrorKind::bad_input)},
      {"409 where a conflict does not pass", with_lasting_conflicts(status(409)), stop(ErrorKind::bad_input)},
      {"429 where a conflict does not pass", with_lasting_conflicts(status(429)), kRetry},
      {"401", status(401), stop(ErrorKind::not_allowed)},
      {"403", status(403), stop(ErrorKind::not_allowed)},
      {"403 naming an optional parameter", naming_optional(status(403)), stop(ErrorKind::not_allowed)},
      {"404", status(404), stop(ErrorKind::not_found)},
      {"413", status(413), stop(ErrorKind::too_large)},
      {"422", status(422), stop(ErrorKind::bad_input)},
      {"a proxy that opens no tunnel", {.event = Event::no_tunnel}, kRetry},
      {"200 without an answer", without_answer(status(200)), kOnce},
      {"200 without an answer, not to be asked again", told_to_retry(without_answer(status(200)), false), kParkInDoubt},
      {"400, filtered", status(400, Cause::filtered), kUnusable},
      {"403, filtered", status(403, Cause::filtered), kUnusable},
      {"500, filtered", status(500, Cause::filtered), kOnce},
      {"400, the answer failed the form", status(400, Cause::failed_form), kUnusable},
      {"429, not to be asked again", told_to_retry(status(429), false), kPark},
      {"503 with an error body, not to be asked again", told_to_retry(status(503), false), kPark},
      {"500, not to be asked again", told_to_retry(status(500), false), kParkInDoubt},
      {"400, to be asked again", told_to_retry(status(400), true), kRetry},
      {"500, to be asked again: once, for it may be billed", told_to_retry(status(500), true), kOnce},
      {"429 quota, to be asked again", told_to_retry(status(429, Cause::quota), true), kPark},
      {"400, a wrong key", status(400, Cause::wrong_key), stop(ErrorKind::not_allowed)},
      {"400, a region that is not served", status(400, Cause::region), stop(ErrorKind::not_allowed)},
      {"404, an organisation to be verified", status(404, Cause::unverified), stop(ErrorKind::not_allowed)},
      {"400, a retired model", status(400, Cause::retired_model), stop(ErrorKind::not_found)},
      {"410", status(410), stop(ErrorKind::not_found)},
      {"certificate", {.event = Event::untrusted_certificate}, stop(ErrorKind::not_allowed)},
      {"address", {.event = Event::malformed_address}, stop(ErrorKind::bad_input)},
      {"200", status(200), kAnswer},
      {"204, empty", status(204, Cause::unnamed, false), kAnswer},
      {"402", status(402), kPark},
      {"429 quota", status(429, Cause::quota), kPark},
      {"429 daily quota with a wait", with_wait(status(429, Cause::quota), 30s), after(Next::park, 30s)},
      {"400 credit", status(400, Cause::quota), kPark},
      {"403 spending limit", status(403, Cause::quota), kPark},
      {"500 naming a quota", status(500, Cause::quota), kOnce},
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
      const Decision decided = decide(status(code, Cause::unnamed, has_body));
      if (decided.billed == Billed::maybe) { EXPECT_EQ(decided.next, Next::retry_once) << code; }
      if (decided.next == Next::retry) { EXPECT_EQ(decided.billed, Billed::no) << code; }
    }
  }
}

}  // namespace
}  // namespace heretix
