#include "measure/traced_check.hpp"

#include <algorithm>

#include "trace/traced_provider.hpp"
#include "trace/tracer.hpp"

namespace heretix {
namespace {

std::int64_t counted(std::size_t number) { return static_cast<std::int64_t>(number); }

void set_planned(trace::Span& span, const PlannedCheck& check, const ProviderFacts& facts) {
  const Plan& plan = check.plan;
  span.set("heretix.run.id", plan.run_id.text());
  span.set("heretix.execution.id", check.execution_id.text());
  span.set("heretix.model", plan.recipe.model.text());
  span.set("heretix.provider", facts.provider);
  span.set("heretix.readout", std::string(to_word(plan.recipe.readout())));
  span.set("heretix.prompt_version", plan.prompt_version);
  span.set("heretix.questions.planned", counted(plan.questions.size()));
}

void set_measured(trace::Span& span, const Record& record) {
  const ExecutionFacts& execution = record.execution;
  span.set("heretix.answers", counted(record.answered));
  span.set("heretix.answers.usable", counted(record.usable));
  span.set("heretix.answers.from_store", counted(record.from_store));
  span.set("heretix.attempts", counted(execution.attempts));
  span.set("heretix.cost.usd", Usd::from_micros(execution.billed_micro_usd).dollars());
  if (execution.billing_unknown > 0) span.set("heretix.attempts.billing_unknown", counted(execution.billing_unknown));

  span.set("heretix.belief.p", record.belief.p().value());
  if (const auto interval = record.belief.interval()) {
    span.set("heretix.belief.low", interval->low.value());
    span.set("heretix.belief.high", interval->high.value());
  }
  const auto failed = std::ranges::count_if(record.gates, [](const Gate& gate) { return !gate.passed(); });
  span.set("heretix.gates.failed", std::int64_t{failed});
}

}  // namespace

Record run_traced_check(const PlannedCheck& check, const CheckPorts& ports) {
  const trace::Tracer* tracer = trace::tracer();
  if (tracer == nullptr) return run_check(check, ports);

  trace::Span span("check", trace::SpanKind::internal);
  const trace::Current here(span.context());
  if (span.is_kept()) set_planned(span, check, ports.provider.facts());
  if (tracer->shows_claims()) span.set("heretix.claim", check.plan.recipe.claim.text);

  const auto asked = trace::traced(ports.provider);
  const CheckPorts traced{.banks = ports.banks,
                          .provider = *asked,
                          .runs = ports.runs,
                          .database_path = ports.database_path,
                          .clock = ports.clock,
                          .stop = ports.stop,
                          .observer = ports.observer,
                          .owner = ports.owner,
                          .keeps_execution_id = ports.keeps_execution_id,
                          .do_apart = ports.do_apart};
  try {
    Record record = run_check(check, traced);
    if (span.is_kept()) set_measured(span, record);
    return record;
  } catch (const Error& e) {
    span.fail(to_word(e.kind()), tracer->shows_claims() ? e.what() : "");
    throw;
  }
}

}  // namespace heretix
