// Traces of what this program does, sent to a collector by OTLP (docs/observability.md). They are off unless the
// operator names a collector; then everything here returns at once and costs nothing.
//
// The tracer is one for the whole process, as OpenTelemetry's own is, because a span may be begun anywhere and no
// result depends on it. The command makes it at its start; what is done below it asks for it by tracer().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "trace/exporter.hpp"
#include "trace/span_data.hpp"

namespace heretix::trace {

// Which traces are kept. The first span of a trace decides for all of it.
struct SamplingRule {
  double ratio = 1;          // of new traces, 0 to 1
  bool heeds_parent = true;  // a trace that began elsewhere is kept if it is kept there
};

struct TracerSettings {
  ExporterSettings exporter;
  SamplingRule sampling{};
  bool shows_claims = false;  // texts of claims, questions and answers are sent too
};

class Tracer {
 public:
  explicit Tracer(TracerSettings settings)
      : sampling_(settings.sampling), shows_claims_(settings.shows_claims), exporter_(std::move(settings.exporter)) {}

  // The context of a new span below `parent`, or of the first one of a new trace.
  SpanContext begin(const std::optional<SpanContext>& parent) const;
  bool shows_claims() const { return shows_claims_; }
  Exporter& exporter() { return exporter_; }

 private:
  SamplingRule sampling_;
  bool shows_claims_;
  Exporter exporter_;
};

// The tracer of this process; null where traces are off.
Tracer* tracer();

// Makes `tracer` that of the process while this object lives; null does nothing. One at a time, made before the threads
// that trace and destroyed after them.
class Tracing {
 public:
  explicit Tracing(std::unique_ptr<Tracer> tracer);
  ~Tracing();
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

 private:
  std::unique_ptr<Tracer> tracer_;
};

// The span that is under way on this thread; empty: none is. It is the parent of what begins on this thread.
std::optional<SpanContext> current();

// Makes `context` the current span of this thread while this object lives.
class Current {
 public:
  explicit Current(std::optional<SpanContext> context);
  ~Current();
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  std::optional<SpanContext> before_;
};

// Something that is being done. It ends with end() or when it is destroyed. Where traces are off, or its trace is not
// kept, all of its functions do nothing. One thread at a time.
class Span {
 public:
  Span() = default;  // none
  Span(std::string_view name, SpanKind kind) : Span(name, kind, current()) {}
  Span(std::string_view name, SpanKind kind, const std::optional<SpanContext>& parent);
  ~Span() { end(); }
  Span(Span&&) noexcept = default;
  Span& operator=(Span&& other) noexcept;

  // Whether what is told to it is kept, so that expensive attributes need not be made.
  bool is_kept() const { return data_ != nullptr; }
  std::optional<SpanContext> context() const { return context_; }

  void rename(std::string_view name);
  void set(std::string_view key, AttributeValue value);
  void event(std::string_view name, Attributes attributes = {});
  // `type` is one of a few words (error.type). `what` is for people, and is sent as it is.
  void fail(std::string_view type, std::string_view what = {});
  void end();
  void end_at(std::chrono::system_clock::time_point time);

 private:
  std::optional<SpanContext> context_;
  std::unique_ptr<SpanData> data_;
};

}  // namespace heretix::trace
