#include "report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/columns.hpp"
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

struct Cells {
  std::string model, p, interval, bar, usable, cost, result;
};

Cells cells_of(const Record& r) {
  const auto found = r.belief.interval();
  return {.model = shown_model(r),
          .p = fmt::format("{:.2f}", r.belief.p().value()),
          .interval = found ? fmt::format("{:.2f} to {:.2f}", found->low.value(), found->high.value()) : "none",
          .bar = interval_bar(r),
          .usable = fmt::format("{}/{}", r.usable, r.answered),
          .cost = cost_text(r.execution),
          .result = result_of(r)};
}

std::string as_rows(const std::vector<Cells>& all) {
  std::size_t width = 5;
  for (const Cells& c : all) width = std::max(width, c.model.size());
  std::string text =
      fmt::format("  {:<{}}  {:>4}  {:<13} {:<53} {:>7}  {:<12} {}\n", "model", width, "p", "95 % interval",
                  "0                                                   1", "usable", "cost", "result");
  for (const Cells& c : all)
    text += fmt::format("  {:<{}}  {:>4}  {:<13} {} {:>7}  {:<12} {}\n", c.model, width, c.p, c.interval, c.bar,
                        c.usable, c.cost, c.result);
  return text;
}

// Where a terminal has no room for a row, each record takes lines of its own.
std::string as_blocks(const std::vector<Cells>& all) {
  std::string text;
  for (const Cells& c : all)
    text += fmt::format("  {}\n    p = {}   95 % interval {}   {} usable   {}\n  0 {} 1\n    {}\n", c.model, c.p,
                        c.interval, c.usable, c.cost, c.bar, c.result);
  return text;
}

bool fits(const std::string& text, const TextStyle& style) {
  return std::ranges::all_of(split(text, '\n'), [&](auto line) { return display_width(line) <= style.columns; });
}

}  // namespace

std::string comparison_text(const std::vector<Record>& records, const TextStyle& style) {
  std::vector<Cells> all;
  for (const Record& r : records) all.push_back(cells_of(r));

  std::string text = emphasised(on_one_line(records.front().plan.recipe.claim.text), style) + "\n" +
                     fmt::format("{} · {}\n", records.front().plan.prompt_version, plan_in_words(records.front().plan));
  if (const auto notice = mock_notice(records); !notice.empty()) text += emphasised(std::string(notice), style) + "\n";
  text += "\n";

  const std::string rows = as_rows(all);
  text += !style.is_bounded || fits(rows, style) ? rows : as_blocks(all);

  for (const Record& r : records) {
    for (const std::string& note : asking_notes(r))
      text += fmt::format("  note: {}: {}\n", on_one_line(shown_model(r)), note);
  }

  return text;
}

}  // namespace heretix
