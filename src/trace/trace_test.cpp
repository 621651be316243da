#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "trace/otlp_json.hpp"
#include "trace/span_context.hpp"
#include "trace/tracer.hpp"

namespace heretix::trace {
namespace {

const std::string kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpanId = "00f067aa0ba902b7";

TEST(TraceParent, IsReadAsTheStandardWritesIt) {
  const auto kept = parse_traceparent("00-" + kTraceId + "-" + kSpanId + "-01", "shop=7");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->trace_id, kTraceId);
  EXPECT_EQ(kept->span_id, kSpanId);
  EXPECT_TRUE(kept->is_sampled);
  EXPECT_EQ(kept->state, "shop=7");
  EXPECT_EQ(traceparent_of(*kept), "00-" + kTraceId + "-" + kSpanId + "-01");
  EXPECT_FALSE(parse_traceparent("00-" + kTraceId + "-" + kSpanId + "-00")->is_sampled);
  EXPECT_TRUE(parse_traceparent("00-" + kTraceId + "-" + kSpanId + "-0b")->is_sampled);
}

TEST(TraceParent, OfALaterVersionMayGoOn) {
  EXPECT_TRUE(parse_traceparent("01-" + kTraceId + "-" + kSpanId + "-01-more"));
  EXPECT_FALSE(parse_traceparent("01-" + kTraceId + "-" + kSpanId + "-01more"));
  EXPECT_FALSE(parse_traceparent("00-" + kTraceId + "-" + kSpanId + "-01-more"));
}

TEST(TraceParent, OfAnotherFormIsNone) {
  for (const std::string& text :
       {std::string(), std::string("x"), fmt::format("ff-{}-{}-01", kTraceId, kSpanId),
        fmt::format("00-{:032}-{}-01", 0, kSpanId), fmt::format("00-{}-{:016}-01", kTraceId, 0),
        fmt::format("00-4BF92F3577B34DA6A3CE929D0E0E4736-{}-01", kSpanId),
        fmt::format("00-{}_{}-01", kTraceId, kSpanId), fmt::format("00-{}-{}-0g", kTraceId, kSpanId),
        fmt::format("00-{}-{}-1", kTraceId, kSpanId)})
    EXPECT_FALSE(parse_traceparent(text)) << text;
}

TEST(Spans, OfATraceShareItsIdAndHaveTheirOwn) {
  const SpanContext first = new_trace(), below = child_of(first);
  EXPECT_EQ(first.trace_id.size(), 32U);
  EXPECT_EQ(below.trace_id, first.trace_id);
  EXPECT_NE(below.span_id, first.span_id);
  EXPECT_NE(new_trace().trace_id, first.trace_id);
}

TEST(OtlpJson, HasNumbersOf64BitsAsTextAndIdsInHexadecimal) {
  using namespace std::chrono_literals;
  SpanData span{.context = {.trace_id = kTraceId, .span_id = kSpanId}, .name = "chat m", .kind = SpanKind::client};
  span.start = std::chrono::system_clock::time_point(1'796'054'672s);
  span.end = span.start + 1ms;
  span.attributes = {{"tokens", std::int64_t{9'007'199'254'740'993}},
                     {"cost", 0.25},
                     {"why", std::vector<std::string>{"stop"}},
                     {"broken", std::string("\xff")}};
  span.has_failed = true;

  const auto body = nlohmann::json::parse(otlp_json({span}, {{"service.name", std::string("heretix")}}));
  const auto& resource = body["resourceSpans"][0];
  EXPECT_EQ(resource["resource"]["attributes"][0]["value"]["stringValue"], "heretix");
  const auto& told = resource["scopeSpans"][0]["spans"][0];
  EXPECT_EQ(told["traceId"], kTraceId);
  EXPECT_EQ(told["kind"], 3);
  EXPECT_EQ(told["startTimeUnixNano"], "1796054672000000000");
  EXPECT_EQ(told["endTimeUnixNano"], "1796054672001000000");
  EXPECT_EQ(told["attributes"][0]["value"]["intValue"], "9007199254740993");
  EXPECT_EQ(told["attributes"][1]["value"]["doubleValue"], 0.25);
  EXPECT_EQ(told["attributes"][2]["value"]["arrayValue"]["values"][0]["stringValue"], "stop");
  EXPECT_EQ(told["attributes"][3]["value"]["stringValue"], "\xef\xbf\xbd");
  EXPECT_EQ(told["status"]["code"], 2);
  EXPECT_FALSE(told.contains("parentSpanId"));
}

TEST(OtlpJson, ReadsHowManySpansWereRejected) {
  EXPECT_EQ(rejected_in(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})").spans, 3U);
  EXPECT_EQ(rejected_in(R"({"partialSuccess":{"rejectedSpans":3}})").spans, 3U);
  for (const char* none : {"", "{}", "[]", "null", "<html>", R"({"partialSuccess":{}})", R"({"partialSuccess":1})"})
    EXPECT_EQ(rejected_in(none).spans, 0U) << none;
}

TEST(Spans, DoNothingWhereTracesAreOff) {
  ASSERT_EQ(tracer(), nullptr);
  Span span("x", SpanKind::internal);
  EXPECT_FALSE(span.is_kept());
  EXPECT_FALSE(span.context());
  span.set("a", true);
  span.fail("broken");
  span.end();
  EXPECT_FALSE(current());
}

}  // namespace
}  // namespace heretix::trace
