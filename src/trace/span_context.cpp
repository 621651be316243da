#include "trace/span_context.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "base/text.hpp"

namespace heretix::trace {
namespace {

constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kSpanDigits = 16;
constexpr std::size_t kHeaderLength = 55;  // "00-" and the ids and "-01"
constexpr std::size_t kLongestState = 512;

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// An id of zeros is none.
bool is_id(std::string_view text) {
  return is_lower_hex(text) && std::ranges::any_of(text, [](char c) { return c != '0'; });
}

}  // namespace

std::optional<SpanContext> parse_traceparent(std::string_view text, std::string_view state) {
  text = trimmed(text);
  if (text.size() < kHeaderLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;

  // A later version may append fields behind a dash; this one ends where it ends.
  const std::string_view version = text.substr(0, 2);
  if (!is_lower_hex(version) || version == "ff") return std::nullopt;
  const bool has_more = text.size() > kHeaderLength;
  if (has_more && (version == "00" || text[kHeaderLength] != '-')) return std::nullopt;

  const std::string_view trace_id = text.substr(3, kTraceDigits);
  const std::string_view span_id = text.substr(36, kSpanDigits);
  const std::string_view flags = text.substr(53, 2);
  if (!is_id(trace_id) || !is_id(span_id) || !is_lower_hex(flags)) return std::nullopt;

  const char last = flags[1];
  const int bits = last <= '9' ? last - '0' : last - 'a' + 10;
  const bool keeps_state = state.size() <= kLongestState && !first_invalid_utf8(state);
  return SpanContext{.trace_id = std::string(trace_id),
                     .span_id = std::string(span_id),
                     .is_sampled = (bits & 1) != 0,
                     .state = keeps_state ? std::string(state) : ""};
}

std::string traceparent_of(const SpanContext& context) {
  return "00-" + context.trace_id + "-" + context.span_id + (context.is_sampled ? "-01" : "-00");
}

SpanContext new_trace() { return {.trace_id = random_hex(kTraceDigits / 2), .span_id = random_hex(kSpanDigits / 2)}; }

SpanContext child_of(const SpanContext& parent) {
  SpanContext child = parent;
  child.span_id = random_hex(kSpanDigits / 2);
  return child;
}

}  // namespace heretix::trace
