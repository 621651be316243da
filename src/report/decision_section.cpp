#include "report/decision_section.hpp"

#include <fmt/format.h>

#include <unordered_map>

#include "base/html_text.hpp"
#include "base/text.hpp"
#include "belief/record/decision_facts.hpp"

namespace heretix {
namespace {

using html::escaped;

constexpr const char* kLoss =
    "the negations were not asked: a tendency to say yes is part of this belief, and neither it nor a wording that "
    "contradicts its own negation can be seen";

// As many digits as the number was stated with, where that is few.
std::string as_stated(double number) { return fmt::format("{:.4g}", number); }

std::string yes_bias_in_words(const CenteredInterval& bias) {
  std::string text = fmt::format("{:+.2f} in log-odds", bias.center);
  if (bias.has_interval()) text += fmt::format(", 95 % interval {:+.2f} to {:+.2f}", *bias.low, *bias.high);
  if (!bias.excludes_zero()) return text;
  return text + (bias.center > 0 ? ": it says yes to both sides more than is coherent"
                                 : ": it says no to both sides more than is coherent");
}

std::string wording_of(const Record& record, const TemplateResult& t) {
  return replaced(record.bank.paraphrases[static_cast<std::size_t>(t.paraphrase_idx)], {"<claim>{CLAIM}</claim>", "…"});
}

std::string row_of(const Record& record, const TemplateResult& t, const StatedSides& sides) {
  std::string cells =
      fmt::format("<td class=\"num\">{}</td><td>{}</td><td class=\"num\">{}</td>", shown_number(t.paraphrase_idx),
                  escaped(wording_of(record, t)), as_stated(sides.claim));
  if (sides.negation) {
    const char* word = sides.contradict() ? "<span class=\"fail\">contradicts itself</span>" : "";
    cells +=
        fmt::format("<td class=\"num\">{}</td><td class=\"num\">{:.2f}</td><td class=\"num\">{:+.2f}</td><td>{}</td>",
                    as_stated(*sides.negation), sides.claim + *sides.negation, sides.yes_bias(), word);
  }
  return fmt::format("<tr>{}<td class=\"num\">{:.3f}</td></tr>\n", cells,
                     to_probability(Logit{sides.belief_logit()}).value());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> decision_lines(const Record& record) {
  if (record.plan.recipe.readout() != Readout::decision) return {};
  const DecisionFacts facts = decision_facts(stated_sides(record));
  const std::string step = facts.step > 0 ? fmt::format(", numbers in steps of {}", facts.step) : "";
  const char* asked = record.plan.recipe.mode.value("negation") == kNoNegation ? "the claim's side" : "both sides";
  std::vector<std::pair<std::string, std::string>> lines = {
      {"readout", fmt::format("decision: {} of {} wordings{}", asked, facts.templates, step)}};
  if (!facts.claim) return lines;
  if (!facts.both) {
    lines.emplace_back("claim", fmt::format("{:.2f}", *facts.claim));
    return lines;
  }

  const DecisionFacts::Both& both = *facts.both;
  lines.emplace_back(
      "claim", fmt::format("{:.2f}, its negation {:.2f}; on average the two add up to {:.2f}, where 1 is coherent",
                           *facts.claim, both.negation, both.sum_mean));
  lines.emplace_back("yes-bias", yes_bias_in_words(both.yes_bias));
  lines.emplace_back("contradict", fmt::format("{} of {} wordings ({:.0f} %) call both sides likely, or both unlikely",
                                               both.contradicting, facts.templates, 100 * both.contradicting_share));
  return lines;
}

std::string decision_loss(const Record& record) {
  const Recipe& recipe = record.plan.recipe;
  return recipe.readout() == Readout::decision && recipe.mode.value("negation") == kNoNegation ? kLoss : "";
}

std::string decision_section(const Record& record) {
  const auto lines = decision_lines(record);
  if (lines.empty()) return "";
  std::string facts, rows;
  for (const auto& [name, text] : lines) facts += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", name, escaped(text));

  std::unordered_map<std::string, StatedSides> by_template;
  for (const TemplateSides& one : template_sides(record)) by_template.emplace(one.prompt_sha256, one.sides);
  for (const TemplateResult& t : record.templates) {
    const auto sides = by_template.find(t.prompt_sha256);
    if (sides != by_template.end()) rows += row_of(record, t, sides->second);
  }

  const std::string loss = decision_loss(record);
  const char* of_both = loss.empty() ? "<th>p of its negation</th><th>sum</th><th>yes-bias</th><th></th>" : "";
  return fmt::format(
      "<h2>Both sides</h2><p class=\"soft\">What the model stated about each statement and about its negation. The "
      "belief "
      "of a wording is half of the difference of their log-odds.</p>{}<table>\n{}</table>\n"
      "<div class=\"wrap\"><table><tr><th>template</th><th>statement</th><th>p of the "
      "claim</th>{}<th>belief</th></tr>\n"
      "{}</table></div>\n",
      loss.empty() ? "" : fmt::format("<p>Note: {}.</p>", escaped(loss)), facts, of_both, rows);
}

}  // namespace heretix
