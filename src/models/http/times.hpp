// How providers write "come back later": as Retry-After, as a rate limit's reset, inside an error. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "models/http/headers.hpp"

namespace heretix {

using SystemTime = std::chrono::system_clock::time_point;

// `retry-after-ms: 1500`, `Retry-After: 12` (or 1.5), `Retry-After: Fri, 31 Dec 1999 23:59:59 GMT` (RFC 9110, 10.2.3),
// in that order; LiteLLM's proxy hands them on as `llm_provider-retry-after`. A past date is zero; junk, a negative or
// an unending number are empty. Never above 400 days.
std::optional<std::chrono::milliseconds> retry_after(const Headers& headers, SystemTime now);

// "1s", "6m0s", "12ms", "1h2m3.5s", "34.07s" (OpenAI's resets, Google's RetryInfo); junk and negative ones are empty.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// The time left until an RFC 3339 time (Anthropic's resets), zero if it is past. Never above a day, because a longer
// wait makes no difference.
std::optional<std::chrono::milliseconds> until_rfc3339(std::string_view text, SystemTime now);

}  // namespace heretix
