// What follows from the fate of a request: whether it was billed, and what to do next. It is one pure function;
// docs/models.md has its table, and each row has a test.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "models/http/provider_error.hpp"

namespace heretix {

enum class Event {
  replied,                // a whole response
  no_reply,               // none, or not whole: refused, reset, timed out, cut short, over a limit
  no_tunnel,              // a proxy did not open the way to the provider, which therefore saw nothing
  untrusted_certificate,  // the server's, by our own check, before a request byte
  malformed_address,      // nothing was tried
};

struct Happening {
  Event event = Event::replied;
  int status = 0;  // HTTP, with `replied`; of an error that came with 200, what its code stands for
  Cause cause = Cause::unnamed;
  bool has_answer = true;              // a 2xx reply holds one, usable or not
  bool has_error_body = false;         // the provider's own words came, not a gateway's page
  std::optional<bool> should_retry{};  // `x-should-retry`
  bool conflict_passes = true;         // a 409 is documented as one that is to be sent again
  bool is_of_other_api = false;        // the error says that this model is asked by another API
  bool names_optional = false;         // the error names something that can be left out, or asked in another way
  std::optional<std::chrono::milliseconds> retry_after{};
  std::string redirect_host{};  // where a 3xx points; empty: nowhere
  std::string own_host{};
  long long bytes_sent = 0;      // of the request, its head included
  long long bytes_received = 0;  // of the response
};

enum class Billed { no, maybe, yes };
enum class Next {
  answer,      // it is one, usable or not
  unusable,    // an answer that cannot be used: this wording was filtered, or its answer failed the form
  retry,       // after `wait`, or a pause of our own
  retry_once,  // at most once, the attempt marked as unknown
  leave_out,   // what was refused, or ask in the next way, then ask again
  stop,        // the run: something is to be corrected
  park,        // the run: everything kept, to go on later; what may have been billed is marked as unknown
};

struct Decision {
  Billed billed = Billed::no;
  Next next = Next::stop;
  std::optional<std::chrono::milliseconds> wait{};
  ErrorKind kind = ErrorKind::bad_input;  // with stop: what the person can do

  bool operator==(const Decision&) const = default;
};

inline constexpr std::chrono::seconds kLongestWait{120};  // a provider that asks for more is parked

Decision decide(const Happening& happening);

}  // namespace heretix
