#include "cli/tracing.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <exception>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "base/version.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr auto kLastMoment = 2'000ms;  // for what waits when the command ends
constexpr const char* kTraceHint = "correct it, or unset it; docs/observability.md lists the variables";

[[noreturn]] void refuse_variable(std::string_view name, std::string_view value, std::string_view must_be) {
  throw Error(ErrorKind::bad_input,
              fmt::format("{} is '{}'; it must be {}", name, on_one_line(shortened(std::string(value), 60)), must_be),
              kTraceHint);
}

// The variables, of which some exist for all signals and for traces alone; the latter count first.
class Variables {
 public:
  explicit Variables(const TraceVariables& all) : all_(all) {}

  struct Named {
    std::string name, value;
  };
  std::optional<Named> find(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      if (const auto found = all_.find(name); found != all_.end()) return Named{name, found->second};
    }
    return std::nullopt;
  }
  std::string value(const std::string& name) const {
    const auto found = find({name});
    return found ? found->value : "";
  }
  std::string word(const std::string& name) const { return to_lower_ascii(value(name)); }

  // NOLINTBEGIN(bugprone-easily-swappable-parameters): the least before the most, as every range is written
  template <class Number>
  Number number(const std::vector<std::string>& names, Number otherwise, Number least, Number most) const {
    const auto found = find(names);
    if (!found) return otherwise;
    Number number{};
    const std::string& text = found->value;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size() || !(number >= least && number <= most))
      refuse_variable(found->name, text, fmt::format("a number from {} to {}", least, most));
    return number;
  }
  // NOLINTEND(bugprone-easily-swappable-parameters)

  // "key=value,key=value", percent-encoded.
  std::vector<std::pair<std::string, std::string>> pairs(const std::vector<std::string>& names) const {
    std::vector<std::pair<std::string, std::string>> pairs;
    const auto found = find(names);
    if (!found) return pairs;
    for (const std::string_view part : split(found->value, ',')) {
      if (trimmed(part).empty()) continue;
      const std::size_t equals = part.find('=');
      const auto key = percent_decoded(trimmed(part.substr(0, equals)));
      const auto value =
          equals == std::string_view::npos ? std::nullopt : percent_decoded(trimmed(part.substr(equals + 1)));
      // The value may be a key of a service, so it is not repeated.
      const auto is_bad = [](const std::string& text) { return text.find_first_of("\r\n") != std::string::npos; };
      if (!key || key->empty() || !value || is_bad(*key) || is_bad(*value))
        refuse_variable(found->name, "…", "KEY=VALUE,KEY=VALUE, percent-encoded");
      pairs.emplace_back(*key, *value);
    }
    return pairs;
  }

 private:
  const TraceVariables& all_;
};

std::optional<std::string> address_in(const Variables& variables, bool carries_secrets) {
  const auto own = variables.find({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"});
  const auto named = own ? own : variables.find({"OTEL_EXPORTER_OTLP_ENDPOINT"});
  if (!named) return std::nullopt;

  const auto url = parse_url(named->value);
  const bool is_web = url && (url->scheme == "http" || url->scheme == "https");
  if (!is_web || url->user || url->password || url->fragment)
    refuse_variable(
        named->name, shown_url(named->value),
        "an address as http://127.0.0.1:4318, without a user; a key belongs into OTEL_EXPORTER_OTLP_HEADERS");
  if (carries_secrets && !url->is_safe_for_secrets())
    throw Error(
        ErrorKind::bad_input,
        fmt::format("OTEL_EXPORTER_OTLP_HEADERS would be sent to {} without encryption", shown_url(named->value)),
        "use https, or leave the headers out");
  if (own) return url->address();

  Url whole = *url;
  if (!whole.path.ends_with('/')) whole.path += '/';
  whole.path += "v1/traces";
  return whole.address();
}

trace::SamplingRule sampling_in(const Variables& variables) {
  trace::SamplingRule sampling;
  const double ratio = variables.number<double>({"OTEL_TRACES_SAMPLER_ARG"}, 1, 0, 1);
  std::string name = variables.word("OTEL_TRACES_SAMPLER");
  if (name.empty()) return sampling;

  constexpr std::string_view kByParent = "parentbased_";
  sampling.heeds_parent = name.starts_with(kByParent);
  const std::string rule = sampling.heeds_parent ? name.substr(kByParent.size()) : name;
  if (rule == "always_on") sampling.ratio = 1;
  else if (rule == "always_off") sampling.ratio = 0;
  else if (rule == "traceidratio") sampling.ratio = ratio;
  else
    refuse_variable("OTEL_TRACES_SAMPLER", name,
                    "always_on, always_off or traceidratio, or one of them behind parentbased_");
  return sampling;
}

trace::Attributes resource_in(const Variables& variables) {
  trace::Attributes resource;
  const auto set = [&](const std::string& key, const std::string& value) {
    const auto known = std::ranges::find(resource, key, &trace::Attribute::key);
    if (known != resource.end()) known->value = value;
    else resource.push_back({key, value});
  };
  set("service.name", "heretix");
  set("service.version", std::string(kVersion));
  set("service.instance.id", new_uuid());
  set("telemetry.sdk.name", "heretix");
  set("telemetry.sdk.language", "cpp");
  set("telemetry.sdk.version", std::string(kVersion));
  for (const auto& [key, value] : variables.pairs({"OTEL_RESOURCE_ATTRIBUTES"})) set(key, value);
  if (const std::string name = variables.value("OTEL_SERVICE_NAME"); !name.empty()) set("service.name", name);
  return resource;
}

// The words that OpenTelemetry's own instrumentations take for it.
bool wants_content(const Variables& variables) {
  constexpr const char* kName = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
  const std::string word = variables.word(kName);
  if (word == "true" || word == "1" || word == "span_only" || word == "span_and_event") return true;
  if (word.empty() || word == "false" || word == "0" || word == "no_content" || word == "event_only") return false;
  refuse_variable(kName, word, "true or false");
}

bool is_off(const Variables& variables) {
  if (variables.word("OTEL_SDK_DISABLED") == "true") return true;
  return variables.word("OTEL_TRACES_EXPORTER") == "none";
}

}  // namespace

std::optional<trace::TracerSettings> trace_settings(const TraceVariables& all, bool shows_claims, std::string ca_file) {
  const Variables variables(all);
  if (is_off(variables)) return std::nullopt;

  trace::ExporterSettings exporter;
  for (const auto& [key, value] : variables.pairs({"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"}))
    exporter.headers.push_back(fmt::format("{}: {}", key, value));
  const auto address = address_in(variables, !exporter.headers.empty());
  if (!address) return std::nullopt;

  const auto protocol = variables.find({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"});
  if (protocol && to_lower_ascii(protocol->value) == "grpc") {
    print_note(
        fmt::format("heretix: {} is grpc, which is not spoken here, so no traces are sent; name an address for "
                    "OTLP over HTTP, and set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json",
                    protocol->name));
    return std::nullopt;
  }

  exporter.address = *address;
  exporter.resource = resource_in(variables);
  exporter.ca_file = std::move(ca_file);
  constexpr int kMostMilliseconds = 600'000;
  exporter.timeout = std::chrono::milliseconds(variables.number<int>(
      {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"}, 10'000, 1, kMostMilliseconds));
  exporter.delay =
      std::chrono::milliseconds(variables.number<int>({"OTEL_BSP_SCHEDULE_DELAY"}, 5'000, 1, kMostMilliseconds));
  constexpr int kMostSpans = 1'000'000;
  exporter.most_waiting =
      static_cast<std::size_t>(variables.number<int>({"OTEL_BSP_MAX_QUEUE_SIZE"}, 2'048, 1, kMostSpans));
  exporter.most_in_request =
      std::min(exporter.most_waiting,
               static_cast<std::size_t>(variables.number<int>({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE"}, 512, 1, kMostSpans)));
  return trace::TracerSettings{.exporter = std::move(exporter),
                               .sampling = sampling_in(variables),
                               .shows_claims = shows_claims || wants_content(variables)};
}

void add_tracing(CLI::App& command, TraceOptions& o) {
  command.add_flag("--trace-claims", o.shows_claims,
                   "also put claims, questions and answers into traces, where OTEL_EXPORTER_OTLP_ENDPOINT sends them "
                   "(docs/observability.md)");
}

CommandTrace::CommandTrace(const TraceOptions& options, std::string_view name) {
  const TraceVariables variables = read_trace_variables();
  if (variables.empty()) return;
  auto settings = trace_settings(variables, options.shows_claims, read_environment().ca_file);
  if (!settings) return;

  address_ = shown_url(settings->exporter.address);
  auto tracer = std::make_unique<trace::Tracer>(std::move(*settings));
  tracer_ = tracer.get();
  tracing_.emplace(std::move(tracer));
  if (name.empty()) return;

  const Variables given(variables);
  span_ = trace::Span(name, trace::SpanKind::internal,
                      trace::parse_traceparent(given.value("TRACEPARENT"), given.value("TRACESTATE")));
  current_.emplace(span_.context());
}

CommandTrace::~CommandTrace() {
  if (tracer_ == nullptr) return;
  current_.reset();
  if (std::uncaught_exceptions() > exceptions_) span_.fail("_OTHER");
  span_.end();
  const auto patience = stop_signal().leaving() ? 0ms : kLastMoment;
  const trace::SendingReport report = tracer_->exporter().finish(patience);
  if (report.dropped == 0) return;
  print_note(fmt::format("heretix: {} of {} spans of the trace did not reach {}: {}", report.dropped,
                         report.dropped + report.sent, address_, report.why));
}

}  // namespace heretix
