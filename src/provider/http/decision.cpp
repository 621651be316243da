#include "provider/http/decision.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace heretix {
namespace {

// Money or a plan has run out: waiting seconds does not help. OpenAI, Anthropic, Gemini (by its quota's id), xAI.
constexpr std::array<std::string_view, 9> kQuotaCodes = {"insufficient_quota",     "billing_hard_limit_reached",
                                                         "billing_not_active",     "billing_error",
                                                         "quota_exceeded",         "daily_quota",
                                                         "spend_limit_reached",    "credits_exhausted",
                                                         "insufficient_user_quota"};

bool is_quota(const Happening& h) {
  return h.status == 402 || ((h.status == 429 || h.status == 403 || h.status == 400) &&
                             std::ranges::find(kQuotaCodes, h.error_code) != kQuotaCodes.end());
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
    case 407: return ErrorKind::not_allowed;
    case 404: return ErrorKind::not_found;
    case 413: return ErrorKind::too_large;
    default: return ErrorKind::bad_input;
  }
}

// The provider surely did no work, and may when asked again.
bool is_turned_away(const Happening& h) {
  return h.status == 429 || h.status == 408 || h.status == 409 ||
         ((h.status == 503 || h.status == 529) && h.has_error_body);
}

Decision from_status(const Happening& h) {
  if (h.status >= 200 && h.status < 300) return {.billed = Billed::yes, .next = Next::answer};
  if (is_quota(h)) return {.next = Next::park, .wait = h.retry_after};
  if (is_turned_away(h)) {
    const bool too_long = h.retry_after && *h.retry_after > kLongestWait;
    return {.next = too_long ? Next::park : Next::retry, .wait = h.retry_after};
  }
  if (h.status >= 500) return {.billed = Billed::maybe, .next = Next::retry_once, .wait = h.retry_after};
  if ((h.status == 400 || h.status == 422) && h.names_optional) return {.next = Next::leave_out};
  return {.next = Next::stop, .kind = kind_of(h.status)};
}

}  // namespace

Decision decide(const Happening& h) {
  switch (h.event) {
    case Event::replied: return from_status(h);
    case Event::no_reply:
      if (h.bytes_sent == 0) return {.next = Next::retry};
      return {.billed = Billed::maybe, .next = Next::retry_once};
    case Event::untrusted_certificate: return {.next = Next::stop, .kind = ErrorKind::not_allowed};
    case Event::malformed_address: return {.next = Next::stop, .kind = ErrorKind::bad_input};
  }
  return {};
}

}  // namespace heretix
