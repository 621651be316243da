// A span as plain data: what was done, when, and what is known of it. Attribute names follow OpenTelemetry's semantic
// conventions where these have one (docs/observability.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "trace/span_context.hpp"

namespace heretix::trace {

using AttributeValue = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

struct Attribute {
  std::string key;
  AttributeValue value;
};
using Attributes = std::vector<Attribute>;

// By the numbers of OTLP.
enum class SpanKind { internal = 1, server = 2, client = 3, consumer = 5 };

struct SpanEvent {
  std::chrono::system_clock::time_point time;
  std::string name;
  Attributes attributes{};
};

struct SpanData {
  SpanContext context;
  std::string parent_span_id{};  // empty: the first of its trace
  std::string name;
  SpanKind kind = SpanKind::internal;
  std::chrono::system_clock::time_point start{}, end{};
  Attributes attributes{};
  std::vector<SpanEvent> events{};
  bool has_failed = false;
  std::string failure{};  // for people, with `has_failed`; may be empty
};

}  // namespace heretix::trace
