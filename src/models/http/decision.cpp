#include "models/http/decision.hpp"

namespace heretix {
namespace {

bool is_quota(const Happening& h) {
  if (h.status == 402) return true;
  return h.cause == Cause::quota && (h.status == 429 || h.status == 403 || h.status == 400);
}

// A refusal of this one wording; the others are asked on.
bool is_of_one_wording(const Happening& h) {
  if (h.cause != Cause::filtered && h.cause != Cause::failed_form) return false;
  return h.status == 400 || h.status == 403 || h.status == 422 || h.status == 451;
}

ErrorKind kind_of(const Happening& h) {
  switch (h.cause) {
    case Cause::wrong_key:
    case Cause::region:
    case Cause::unverified: return ErrorKind::not_allowed;
    case Cause::retired_model: return ErrorKind::not_found;
    default: break;
  }
  switch (h.status) {
    case 401:
    case 403:
    case 407: return ErrorKind::not_allowed;
    case 404:
    case 410: return ErrorKind::not_found;
    case 413: return ErrorKind::too_large;
    default: return ErrorKind::bad_input;
  }
}

// The provider surely did no work, and may when asked again.
bool is_turned_away(const Happening& h) {
  return h.status == 429 || h.status == 408 || (h.status == 409 && h.conflict_passes) ||
         ((h.status == 503 || h.status == 529) && h.has_error_body);
}

// It may have worked on the question: asked again at most once, and not at all where it says so itself.
Decision in_doubt(const Happening& h) {
  const bool parks = h.should_retry == false;
  return {.billed = Billed::maybe, .next = parks ? Next::park : Next::retry_once, .wait = h.retry_after};
}

Decision from_status(const Happening& h) {
  if (h.status >= 200 && h.status < 300) {
    if (h.has_answer) return {.billed = Billed::yes, .next = Next::answer};
    return in_doubt(h);
  }
  if (h.is_of_other_api) return {.next = Next::stop, .kind = ErrorKind::bad_input};
  if (is_quota(h)) return {.next = Next::park, .wait = h.retry_after};
  if (is_turned_away(h)) {
    const bool too_long = h.retry_after && *h.retry_after > kLongestWait;
    return {.next = too_long || h.should_retry == false ? Next::park : Next::retry, .wait = h.retry_after};
  }
  // Filtered questions are billed by some (Azure) and not by others, and none says it in the error.
  if (is_of_one_wording(h)) return {.billed = Billed::maybe, .next = Next::unusable};

  // Some servers answer 500 or 501 where a template takes no system text or a form is not built in.
  const bool is_request_refused = h.status == 400 || h.status == 422 || h.status == 500 || h.status == 501;
  if (is_request_refused && h.names_optional) return {.next = Next::leave_out};
  if (h.status >= 500) return in_doubt(h);
  if (h.should_retry == true) return {.next = Next::retry, .wait = h.retry_after};
  return {.next = Next::stop, .kind = kind_of(h)};
}

}  // namespace

Decision decide(const Happening& h) {
  switch (h.event) {
    case Event::replied: return from_status(h);
    case Event::no_reply:
      if (h.bytes_sent == 0) return {.next = Next::retry};
      return {.billed = Billed::maybe, .next = Next::retry_once};
    case Event::no_tunnel: return {.next = Next::retry};
    case Event::untrusted_certificate: return {.next = Next::stop, .kind = ErrorKind::not_allowed};
    case Event::malformed_address: return {.next = Next::stop, .kind = ErrorKind::bad_input};
  }
  return {};
}

}  // namespace heretix
