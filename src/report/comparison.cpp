#include "report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "belief/record/asking_notes.hpp"
#include "report/mock_mark.hpp"

namespace heretix {
namespace {

// What it says, and the gates that it failed, without those of the frozen estimate.
std::string result_of(const Record& r) {
  std::string text = r.belief_verdict;
  for (const Gate& gate : r.gates) {
    if (!gate.passed() && !is_of_frozen_estimate(gate)) text += fmt::format("; {} FAIL", gate.name);
  }
  return text;
}

}  // namespace

std::string comparison_text(const std::vector<Record>& records, const TextStyle& style) {
  std::size_t width = 5;
  for (const Record& r : records) width = std::max(width, shown_model(r).size());

  std::string text = emphasised(on_one_line(records.front().plan.recipe.claim.text), style) + "\n" +
                     fmt::format("{} · {}\n", records.front().plan.prompt_version, plan_in_words(records.front().plan));
  if (const auto notice = mock_notice(records); !notice.empty()) text += emphasised(std::string(notice), style) + "\n";
  text += "\n";

  text += fmt::format("  {:<{}}  {:>4}  {:<13} {:<53} {:>7}  {:<12} {}\n", "model", width, "p", "95 % interval",
                      "0                                                   1", "usable", "cost", "result");
  for (const Record& r : records) {
    const auto found = r.belief.interval();
    const std::string interval =
        found ? fmt::format("{:.2f} to {:.2f}", found->low.value(), found->high.value()) : std::string("none");

    text += fmt::format("  {:<{}}  {:>4.2f}  {:<13} {} {:>7}  {:<12} {}\n", shown_model(r), width, r.belief.p().value(),
                        interval, interval_bar(r), fmt::format("{}/{}", r.usable, r.answered), cost_text(r.execution),
                        result_of(r));
  }

  for (const Record& r : records) {
    for (const std::string& note : asking_notes(r))
      text += fmt::format("  note: {}: {}\n", on_one_line(shown_model(r)), note);
  }

  return text;
}

}  // namespace heretix
