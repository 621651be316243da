#include "trace/otlp_json.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/version.hpp"

namespace heretix::trace {
namespace {

using nlohmann::json;

constexpr int kFailed = 2;           // a status code of OTLP
constexpr int kSampledFlag = 0x001;  // of W3C's trace flags

struct ValueInJson {
  json operator()(const std::string& text) const { return {{"stringValue", text}}; }
  json operator()(std::int64_t number) const { return {{"intValue", std::to_string(number)}}; }
  json operator()(double number) const { return {{"doubleValue", number}}; }
  json operator()(bool truth) const { return {{"boolValue", truth}}; }
  json operator()(const std::vector<std::string>& texts) const {
    json values = json::array();
    for (const std::string& text : texts) values.push_back((*this)(text));
    return {{"arrayValue", {{"values", std::move(values)}}}};
  }
};

json in_json(const Attributes& attributes) {
  json all = json::array();
  for (const Attribute& attribute : attributes)
    all.push_back({{"key", attribute.key}, {"value", std::visit(ValueInJson{}, attribute.value)}});
  return all;
}

std::string nanoseconds(std::chrono::system_clock::time_point time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

json in_json(const SpanData& span) {
  json text = {{"traceId", span.context.trace_id},
               {"spanId", span.context.span_id},
               {"name", span.name},
               {"kind", static_cast<int>(span.kind)},
               {"startTimeUnixNano", nanoseconds(span.start)},
               {"endTimeUnixNano", nanoseconds(span.end)},
               {"attributes", in_json(span.attributes)},
               {"flags", span.context.is_sampled ? kSampledFlag : 0}};
  if (!span.parent_span_id.empty()) text["parentSpanId"] = span.parent_span_id;
  if (!span.context.state.empty()) text["traceState"] = span.context.state;

  if (!span.events.empty()) {
    json& events = text["events"] = json::array();
    for (const SpanEvent& event : span.events)
      events.push_back(
          {{"timeUnixNano", nanoseconds(event.time)}, {"name", event.name}, {"attributes", in_json(event.attributes)}});
  }

  if (span.has_failed) {
    json& status = text["status"] = {{"code", kFailed}};
    if (!span.failure.empty()) status["message"] = span.failure;
  }
  return text;
}

// A 64-bit number of OTLP is text, and some servers write it as a number all the same.
std::size_t count_in(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::size_t>();
  std::size_t count = 0;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    std::from_chars(text.data(), text.data() + text.size(), count);
  }
  return count;
}

}  // namespace

std::string otlp_json(const std::vector<SpanData>& spans, const Attributes& resource) {
  json all = json::array();
  for (const SpanData& span : spans) all.push_back(in_json(span));

  const json scope = {{"name", "heretix"}, {"version", kVersion}};
  json scope_spans = {{"scope", scope}, {"spans", std::move(all)}};
  json resource_spans = {{"resource", {{"attributes", in_json(resource)}}},
                         {"scopeSpans", json::array({std::move(scope_spans)})}};
  const json body = {{"resourceSpans", json::array({std::move(resource_spans)})}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

Rejected rejected_in(std::string_view body) {
  const json text = json::parse(body, nullptr, false);
  if (!text.is_object() || !text.contains("partialSuccess")) return {};
  const json& partial = text["partialSuccess"];
  if (!partial.is_object()) return {};

  Rejected rejected{.spans = count_in(partial.value("rejectedSpans", json())), .why = {}};
  const json why = partial.value("errorMessage", json());
  if (why.is_string()) rejected.why = why.get<std::string>();
  return rejected;
}

}  // namespace heretix::trace
