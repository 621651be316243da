// What a provider says went wrong, in whichever shape it says it: OpenAI's, Anthropic's, Google's and xAI's errors, and
// those of servers that do not wrap them in {"error": …}. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "models/http/times.hpp"

namespace heretix {

// What the error means, where it says more than its HTTP status.
enum class Cause {
  unnamed,
  quota,        // money or a plan has run out: waiting seconds does not help
  filtered,     // a policy refused this very question
  failed_form,  // the model's answer did not keep the form; the server sent it back as an error
  wrong_key,    // the key, whatever the status
  region,       // not served where the request came from
  unverified,   // the organisation has to be verified for this model
  retired_model,
};

// When a quota starts anew.
enum class Renewal { unknown, daily, monthly };

struct ProviderError {
  std::string code;  // normalised where one provider says it in a way of its own, e.g. "daily_quota"
  std::string message;
  std::string parameter;  // that it names
  std::string said;       // what the model had said, with Cause::failed_form
  Cause cause = Cause::unnamed;
  Renewal renewal = Renewal::unknown;
  std::optional<std::chrono::sys_days> resumes_on{};  // the day that the message names
  std::optional<std::chrono::milliseconds> retry_after{};
  int status = 0;           // the HTTP status that the code stands for, where the error came with 200; 0: none is known
  bool is_error = false;    // the body says that something failed
  bool is_its_own = false;  // in the provider's own form, and not in one that a gateway in front of it has too
};

// The error in the body; `is_error` is false if the body holds none.
ProviderError read_error(const nlohmann::json& body);

// The same for a body that is not JSON: a sentence in plain text, or the title of a page. `is_error` stays false,
// because anybody may have written it.
ProviderError read_plain_error(std::string_view body);

// Whether the error, sent with that status by a decisions API, says that the model does not state probabilities,
// because it was made for an API whose models write.
bool is_no_decision_model(const ProviderError& error, int status);

// Whether an API whose models write says that this one is asked by a decisions API.
bool is_decision_model(const ProviderError& error, int status);

// The day (UTC) on which a run that ran into a quota may go on; empty if that cannot be known, e.g. before credit is
// bought. `wait` is what the provider asks for, in the header or the body.
std::optional<std::chrono::sys_days> day_to_go_on(const ProviderError& error,
                                                  std::optional<std::chrono::milliseconds> wait, SystemTime now);

}  // namespace heretix
