#include "report/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/columns.hpp"
#include "base/money.hpp"
#include "base/text.hpp"
#include "belief/record/asking_notes.hpp"
#include "belief/record/readout_facts.hpp"
#include "report/decision_section.hpp"
#include "report/mock_mark.hpp"

namespace heretix {
namespace {

constexpr std::size_t kScaleColumns = 50;

std::string bold(const std::string& text, const TextStyle& style) { return emphasised(text, style); }
std::string dim(const std::string& text, const TextStyle& style) {
  return style.color ? "\x1b[2m" + text + "\x1b[0m" : text;
}
// Blue and orange as on the page (web/src/palette.css), in the nearest of the terminal's own colours.
std::string in_measure_colour(const std::string& text, const TextStyle& style) {
  return style.color ? "\x1b[94m" + text + "\x1b[0m" : text;
}
std::string in_attention_colour(const std::string& text, const TextStyle& style) {
  return style.color ? "\x1b[33m" + text + "\x1b[0m" : text;
}

// One cell for each column; a later mark covers an earlier one.
class Scale {
 public:
  explicit Scale(std::size_t columns = kScaleColumns) : cells_(columns + 1, "·") {}
  void mark(Probability p, const std::string& sign) { cells_[column_of(p)] = sign; }
  void span(const Interval& interval, const std::string& sign) {
    for (std::size_t i = column_of(interval.low); i <= column_of(interval.high); ++i) cells_[i] = sign;
  }
  std::string text() const {
    std::string line;
    for (const std::string& cell : cells_) line += cell;
    return line;
  }

 private:
  std::size_t column_of(Probability p) const {
    return static_cast<std::size_t>(std::lround(p.value() * static_cast<double>(cells_.size() - 1)));
  }

  std::vector<std::string> cells_;
};

// The diamond of a belief, hollow where there is no stable one. An answer is ○ and a wording ●.
std::string belief_sign(const Record& r) { return r.agreement.is_stable == false ? "◇" : "◆"; }

std::string interval_text(const std::optional<Interval>& interval) {
  if (!interval) return "no interval from a single template";
  return fmt::format("95 % interval {:.2f} to {:.2f}", interval->low.value(), interval->high.value());
}

std::string flag_text(const std::string& flag) {
  if (flag == "few_templates") return "fewer than 5 templates: the interval is honest for symmetric spreads only";
  if (flag == "extreme_answers") return "some answers are below 0.005 or above 0.995";
  if (flag == "template_contradiction") return "a wording says the opposite of the others: see the forest plot";
  if (flag == "no_spread_resolution_only") return "all wordings agree: the width is the answers' own resolution";
  return flag;
}

std::string belief_line(const Record& r, const Scale& scale) {
  return fmt::format("  {:<10} {:>4.2f}  0 {} 1\n", "belief", r.belief.p().value(), scale.text());
}

std::string counts_text(const Record& r) {
  std::string text = fmt::format("{} of {} answers usable", r.usable, r.answered);
  if (r.from_store > 0) text += fmt::format(", {} of them stored before", r.from_store);
  return text;
}

std::string answered_by_text(const Record& r) {
  const auto& names = r.execution.answered_by;
  const std::string& model = r.plan.recipe.model.text();
  const bool as_asked =
      names.empty() ||
      (names.size() == 1 && (names.begin()->first == model || model.ends_with("/" + names.begin()->first)));
  if (as_asked || is_mock(r)) return "";
  std::string text;
  for (const auto& [name, answers] : names)
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", on_one_line(name),
                        names.size() > 1 ? fmt::format(" ({})", answers) : "");
  return fmt::format("  note: according to the provider, the model that answered is {}\n", text);
}

// Such answers are not read, because it is not known whether they are complete.
std::string unknown_finishes_text(const Record& r) {
  std::string text;
  for (const auto& [word, answers] : r.execution.unknown_finishes)
    text += fmt::format("  note: {} answers ended with '{}', which this program does not know: not read\n", answers,
                        on_one_line(word));
  return text;
}

std::string readout_lines(const Record& r) {
  const Readout readout = r.plan.recipe.readout();
  if (readout == Readout::verbalized) return "";
  if (readout != Readout::decision)
    return fmt::format("  {:<11} {}: {}\n", "readout", to_word(readout), readout_in_words(r));

  std::string text;
  for (const auto& [name, line] : decision_lines(r)) text += fmt::format("  {:<11} {}\n", name, line);
  if (const std::string loss = decision_loss(r); !loss.empty()) text += fmt::format("  note: {}\n", loss);
  return text;
}

}  // namespace

std::string plan_in_words(const Plan& plan) {
  const Sampling& s = plan.recipe.sampling;
  if (s.ladder) return fmt::format("up to {} templates once each", s.slots);
  return fmt::format("K {}, R {}, T {}", s.slots, s.replicates, plan.templates_selected());
}

std::string ladder_text(const Record& r) {
  const Rung& last = r.climb->rungs.back();
  const double target = r.plan.recipe.sampling.ladder->target;
  std::string text = fmt::format("{} templates, ", last.honest.templates);
  if (last.asked > last.honest.templates) text += fmt::format("{} more unusable; ", last.asked - last.honest.templates);
  switch (*r.climb->stop) {
    case LadderStop::target_met: text += fmt::format("the wanted width of {} is met", target); break;
    case LadderStop::limited_by_wording:
      text += fmt::format("limited by wording: the width of {} is out of reach of {} templates", target,
                          kLadderRungs.back());
      break;
    case LadderStop::last_rung: text += fmt::format("the last rung; the wanted width was {}", target); break;
    case LadderStop::templates_spent: text += "the bank has no more templates"; break;
  }
  if (const auto cost = next_rung_cost(r); cost.value_or(0) > 0)
    text += fmt::format("; the next rung would cost about {}", to_text(Usd::from_picos(std::llround(*cost * 1e6))));
  return text;
}

std::string emphasised(const std::string& text, const TextStyle& style) {
  return style.color ? "\x1b[1m" + text + "\x1b[0m" : text;
}

std::string interval_bar(const Record& r) {
  Scale scale;
  if (const auto interval = r.belief.interval()) scale.span(*interval, "─");
  scale.mark(r.belief.p(), belief_sign(r));
  return scale.text();
}

std::string cost_text(const ExecutionFacts& e) {
  std::string text = to_text(Usd::from_micros(e.billed_micro_usd));
  if (e.billing_unknown > 0) text += fmt::format(" + {} unknown", e.billing_unknown);
  return text;
}

// Advice, with what its commands need to show this run.
std::string with_run(std::string_view advice, const std::string& run) {
  const std::string answers = replaced(advice, {"(heretix answers)", fmt::format("(heretix answers {})", run)});
  return replaced(answers, {"(heretix report)", fmt::format("(heretix report {})", run)});
}

std::string gate_text(const Gate& gate, const std::string& run, const TextStyle& style) {
  const bool low = gate.bound == Bound::at_least;
  const std::string_view sign = gate.passed() ? (low ? ">=" : "<=") : (low ? "<" : ">");
  const std::string word = gate.passed() ? in_measure_colour("pass", style) : in_attention_colour("FAIL", style);
  std::string text = fmt::format("  {:<11} {}  {:.2f} {} {:.2f}  {}\n", gate.name, word, gate.observed, sign,
                                 gate.limit, gate.meaning);
  if (gate.honest_observed) {
    text += fmt::format("  {:<11}       but the honest interval is {:.2f} wide, over that limit\n", "",
                        *gate.honest_observed);
  }
  if (!gate.passed() && !gate.detail.empty()) text += fmt::format("  {:<11}       {}\n", "", gate.detail);
  if (!gate.passed() || gate.honest_observed)
    text += fmt::format("  {:<11}       try: {}\n", "", with_run(gate.advice, run));
  return text;
}

namespace {

// "p = 0.95   95 % interval 0.79 to 0.99   likely true"; where there is no stable belief, that comes first, with
// advice.
std::string headline(const Record& r, const std::string& run, const TextStyle& style) {
  const std::string p = bold(fmt::format("p = {:.2f}", r.belief.p().value()), style);
  const std::string mark = is_mock(r) ? fmt::format("   ({})", kMockWord) : "";
  const std::string numbers = fmt::format("{}   {}{}", p, interval_text(r.belief.interval()), mark);
  if (r.agreement.is_stable == false)
    return fmt::format("  {}\n  {}\n  try: {}\n", bold(r.belief_verdict, style), numbers,
                       with_run(kUnstableAdvice, run));
  return fmt::format("  {}   {}\n", numbers, r.belief_verdict);
}

// Below the name of the model; empty if it was asked itself.
std::string mock_line(const Record& r, const TextStyle& style) {
  return is_mock(r) ? bold(std::string(kMockNotice), style) + "\n" : "";
}

// The frozen estimate, what is judged by it, and the honest interval.
std::string earlier_numbers(const Record& r, const std::string& run, const TextStyle& style) {
  const Estimate& frozen = r.estimate;
  std::string text = dim("\n  for comparison with earlier runs", style) + "\n";
  text += fmt::format("  {:<11} p = {:.2f}, 95 % interval {:.2f} to {:.2f} (width {:.2f})\n", "frozen",
                      frozen.p.value(), frozen.ci95.low.value(), frozen.ci95.high.value(), frozen.ci95.width());
  if (r.honest.bounds) {
    const Interval& honest = r.honest.bounds->interval;
    text +=
        fmt::format("  {:<11} {:.2f} to {:.2f}: {}\n", "honest", honest.low.value(), honest.high.value(), r.verdict);
  }
  for (const Gate& gate : r.gates) {
    if (is_of_frozen_estimate(gate)) text += gate_text(gate, run, style);
  }
  return text + fmt::format("  {:<11} {} of 100\n", "quality", r.quality);
}

}  // namespace

std::string result_text(const Record& r, const TextStyle& style, const std::string& store_flag) {
  std::string text = bold(on_one_line(r.plan.recipe.claim.text), style) + "\n";
  text += dim(fmt::format("{} · {} · {} · {}", shown_model(r), r.plan.prompt_version, plan_in_words(r.plan),
                          counts_text(r)),
              style) +
          "\n" + mock_line(r, style);
  if (!style.about_model.empty()) text += on_one_line(style.about_model) + "\n";
  text += "\n";

  const std::string run = (store_flag.empty() ? "" : store_flag + " ") + r.plan.run_id.text();
  text += headline(r, run, style);
  text += fmt::format("  0 {} 1\n\n", interval_bar(r));

  for (const Gate& gate : r.gates) {
    if (!is_of_frozen_estimate(gate)) text += gate_text(gate, run, style);
  }

  if (r.belief.found.bounds) {
    for (const std::string& flag : r.belief.found.bounds->flags) text += fmt::format("  note: {}\n", flag_text(flag));
  }

  if (r.climb) text += fmt::format("  {:<11} {}\n", "ladder", ladder_text(r));
  text += readout_lines(r);
  text += answered_by_text(r);
  text += unknown_finishes_text(r);
  for (const std::string& note : asking_notes(r)) text += fmt::format("  note: {}\n", note);

  if (r.execution.billed_micro_usd > 0 || (r.execution.billing_unknown > 0 && !is_mock(r)))
    text += fmt::format("  {:<11} {}, by this execution\n", "cost", cost_text(r.execution));

  if (style.verbose) return text + earlier_numbers(r, run, style);
  return text + dim("  --verbose shows the frozen estimate, for comparison with earlier runs", style) + "\n";
}

std::string forest_text(const Record& r, const TextStyle& style) {
  // "  template  mean  0 scale 1  wording"; in a narrow terminal the wording stands below, and the scale gives way.
  constexpr std::size_t kBeforeScale = 22, kBehindScale = 4, kLeastWording = 8;
  const std::size_t columns = std::max(style.columns, kLeastColumns);
  const std::size_t scale_columns = std::min(kScaleColumns, columns - kBeforeScale - kBehindScale);
  const std::size_t taken = kBeforeScale + scale_columns + kBehindScale;
  const bool is_below = style.is_bounded && columns < taken + kLeastWording;
  const std::size_t room = is_below ? columns - 4 : std::max(kLeastWording, columns - std::min(columns, taken));

  std::string text = bold(on_one_line(r.plan.recipe.claim.text), style) + "\n" + mock_line(r, style);
  text += dim("  template  mean    answers ○, mean ●", style) + "\n";
  for (const TemplateResult& t : r.templates) {
    Scale scale(scale_columns);
    for (const Probability p : t.probabilities) scale.mark(p, "○");
    const std::string mean = t.value ? fmt::format("{:.2f}", to_probability(*t.value).value()) : "none";
    if (t.value) scale.mark(to_probability(*t.value), "●");

    const std::string wording =
        replaced(r.bank.paraphrases[static_cast<std::size_t>(t.paraphrase_idx)], {"<claim>{CLAIM}</claim>", "…"});
    text += fmt::format("  {:<10} {:>4}  0 {} 1{}{}\n", shown_number(t.paraphrase_idx), mean, scale.text(),
                        is_below ? "\n    " : "  ", dim(cut_to(on_one_line(wording), room), style));
  }

  Scale scale(scale_columns);
  if (const auto interval = r.belief.interval()) scale.span(*interval, "═");
  scale.mark(r.belief.p(), belief_sign(r));
  return text + belief_line(r, scale);
}

std::string plan_text(const Plan& plan, const PlanFacts& facts, const TextStyle& style) {
  const Sampling& s = plan.recipe.sampling;
  std::string order;
  for (const int t : plan.template_order) order += (order.empty() ? "" : " ") + std::to_string(shown_number(t));

  std::string text = bold(on_one_line(plan.recipe.claim.text), style) + "\n";

  const auto line = [&](const std::string& name, const std::string& value) {
    text += fmt::format("  {:<16} {}\n", name, value);
  };

  line("run", plan.run_id.text());
  line("model", fmt::format("{} ({})", plan.recipe.model, plan.recipe.mode.text()));
  line("prompt bank",
       fmt::format("{} ({} wordings, sha256 {})", plan.prompt_version, plan.bank_size, plan.bank_sha256.substr(0, 16)));

  if (s.ladder) line("ladder", fmt::format("until the 95 % interval is at most {} wide", s.ladder->target));
  if (s.ladder)
    line("questions", fmt::format("{} templates once each; one more for each unusable answer",
                                  fmt::join(s.ladder->rungs, ", then ")));
  else
    line("questions", fmt::format("{} = K {} slots x R {} replicates over T {} templates", plan.questions.size(),
                                  s.slots, s.replicates, plan.templates_selected()));

  if (s.ladder) line("order", order);
  else line("rotation", fmt::format("{}: templates in order {}", plan.rotation, order));

  line("slots", fmt::format("{} templates are asked, imbalance {:.2f}", plan.templates.size(), plan.planned_imbalance));
  line("bootstrap", fmt::format("{} draws", s.draws));
  line("seed", fmt::format("{} ({})", facts.seed, facts.seed_source));
  line("longest prompt", fmt::format("{} of {} characters (template {})", plan.longest_prompt, s.max_prompt_chars,
                                     shown_number(plan.longest_paraphrase_idx)));

  line("stored answers",
       fmt::format("{} of {}; {} would be asked", facts.stored, facts.sent, facts.sent - facts.stored));
  line("expected tokens", fmt::format("about {} in, {} out", facts.expected_tokens_in, facts.expected_tokens_out));
  line("expected cost", facts.expected_cost);

  return text;
}

}  // namespace heretix
