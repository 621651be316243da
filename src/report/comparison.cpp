#include "report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "belief/record/asking_notes.hpp"

namespace heretix {
namespace {

std::size_t failed_gates(const Record& r) {
  return static_cast<std::size_t>(std::ranges::count_if(r.gates, [](const Gate& gate) { return !gate.passed(); }));
}

std::string gates_text(const Record& r) {
  const std::size_t failed = failed_gates(r);
  if (failed == 0) return "all pass";
  std::string names;
  for (const Gate& gate : r.gates) {
    if (!gate.passed()) names += (names.empty() ? "" : ", ") + std::string(gate.name);
  }
  return "FAIL: " + names;
}

}  // namespace

std::string comparison_text(const std::vector<Record>& records, const TextStyle& style) {
  std::size_t width = 5;
  for (const Record& r : records) width = std::max(width, r.plan.recipe.model.text().size());

  std::string text =
      emphasised(on_one_line(records.front().plan.recipe.claim.text), style) + "\n" +
      fmt::format("{} · {}\n\n", records.front().plan.prompt_version, plan_in_words(records.front().plan));

  text += fmt::format("  {:<{}}  {:>4}  {:<13} {:<53} {:>7} {:>7}  {:<12} {}\n", "model", width, "p", "95 % interval",
                      "0                                                   1", "usable", "quality", "cost", "gates");
  for (const Record& r : records) {
    const auto& bounds = r.honest.bounds;
    const std::string interval =
        bounds ? fmt::format("{:.2f} to {:.2f}", bounds->interval.low.value(), bounds->interval.high.value())
               : std::string("none");

    text += fmt::format("  {:<{}}  {:>4.2f}  {:<13} {} {:>7} {:>7}  {:<12} {}\n", r.plan.recipe.model, width,
                        r.estimate.p.value(), interval, interval_bar(r), fmt::format("{}/{}", r.usable, r.answered),
                        r.quality, cost_text(r.execution), gates_text(r));
  }

  for (const Record& r : records) {
    for (const std::string& note : asking_notes(r))
      text += fmt::format("  note: {}: {}\n", on_one_line(r.plan.recipe.model.text()), note);
  }

  return text;
}

}  // namespace heretix
