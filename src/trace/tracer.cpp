#include "trace/tracer.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <utility>

namespace heretix::trace {
namespace {

std::atomic<Tracer*> g_tracer{nullptr};
thread_local std::optional<SpanContext> t_current;

// A fixed part of all trace ids, by their last 56 bits, which the standard wants to be random: whoever goes by the same
// ratio keeps the same traces.
bool is_within(double ratio, const std::string& trace_id) {
  constexpr std::size_t kDigits = 14;
  constexpr double kAll = 72'057'594'037'927'936.0;  // 2^56
  std::uint64_t bits = 0;
  const char* end = trace_id.data() + trace_id.size();
  std::from_chars(end - kDigits, end, bits, 16);
  return static_cast<double>(bits) >= (1 - ratio) * kAll;
}

}  // namespace

SpanContext Tracer::begin(const std::optional<SpanContext>& parent) const {
  SpanContext context = parent ? child_of(*parent) : new_trace();
  if (!parent || !sampling_.heeds_parent) context.is_sampled = is_within(sampling_.ratio, context.trace_id);
  return context;
}

Tracer* tracer() { return g_tracer.load(std::memory_order_acquire); }

Tracing::Tracing(std::unique_ptr<Tracer> tracer) : tracer_(std::move(tracer)) {
  if (tracer_) g_tracer.store(tracer_.get(), std::memory_order_release);
}

Tracing::~Tracing() {
  if (tracer_) g_tracer.store(nullptr, std::memory_order_release);
}

std::optional<SpanContext> current() {
  if (tracer() == nullptr) return std::nullopt;
  return t_current;
}

Current::Current(std::optional<SpanContext> context) : before_(std::exchange(t_current, std::move(context))) {}
Current::~Current() { t_current = std::move(before_); }

Span::Span(std::string_view name, SpanKind kind, const std::optional<SpanContext>& parent) {
  const Tracer* tracer = trace::tracer();
  if (tracer == nullptr) return;

  context_ = tracer->begin(parent);
  if (!context_->is_sampled) return;
  data_ = std::make_unique<SpanData>(SpanData{.context = *context_,
                                              .parent_span_id = parent ? parent->span_id : "",
                                              .name = std::string(name),
                                              .kind = kind,
                                              .start = std::chrono::system_clock::now()});
}

Span& Span::operator=(Span&& other) noexcept {
  end();
  context_ = std::move(other.context_);
  data_ = std::move(other.data_);
  return *this;
}

void Span::rename(std::string_view name) {
  if (data_) data_->name = name;
}

void Span::set(std::string_view key, AttributeValue value) {
  if (data_) data_->attributes.push_back({std::string(key), std::move(value)});
}

void Span::event(std::string_view name, Attributes attributes) {
  if (data_) data_->events.push_back({std::chrono::system_clock::now(), std::string(name), std::move(attributes)});
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the word before what it means, as an Error before its hint
void Span::fail(std::string_view type, std::string_view what) {
  if (!data_) return;
  set("error.type", std::string(type));
  data_->has_failed = true;
  data_->failure = what;
}

void Span::end() {
  if (data_) end_at(std::chrono::system_clock::now());
}

void Span::end_at(std::chrono::system_clock::time_point time) {
  const std::unique_ptr<SpanData> data = std::move(data_);
  Tracer* tracer = trace::tracer();
  if (!data || tracer == nullptr) return;
  data->end = std::max(time, data->start);  // the clock may have been set back
  tracer->exporter().add(std::move(*data));
}

}  // namespace heretix::trace
