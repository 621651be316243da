// Spans in the JSON form of OTLP 1.x, the body of a POST to /v1/traces
// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hexadecimal, 64-bit numbers as text. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "trace/span_data.hpp"

namespace heretix::trace {

// `resource` says who sends them: service.name and the like. Text that is not UTF-8 is sent with U+FFFD in its place.
std::string otlp_json(const std::vector<SpanData>& spans, const Attributes& resource);

// How many spans a collector did not take, by the body of its answer of 200, and why. Zero for a body without it.
struct Rejected {
  std::size_t spans = 0;
  std::string why{};
};
Rejected rejected_in(std::string_view body);

}  // namespace heretix::trace
