#include "report/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/html_text.hpp"
#include "base/money.hpp"
#include "base/text.hpp"
#include "belief/record/asking_notes.hpp"
#include "belief/record/readout_facts.hpp"
#include "report/decision_section.hpp"
#include "report/html_parts.hpp"
#include "report/mock_mark.hpp"
#include "report/text.hpp"

namespace heretix {
namespace {

using html::escaped;

std::string interval_text(const Interval& interval) {
  return fmt::format("{:.2f} to {:.2f}", interval.low.value(), interval.high.value());
}

std::string interval_text(const HonestInterval& found) {
  return found.bounds ? interval_text(found.bounds->interval) : "none";
}

// The number and what it says; where there is no stable belief, that comes first, and the number with its reason below.
std::string belief_text(const Record& r) {
  const auto interval = r.belief.interval();
  const double p = r.belief.p().value();

  if (r.agreement.is_stable == false) {
    const char* reason =
        r.agreement.is_split ? "The wordings contradict each other." : "The interval is wider than half of the scale.";
    return fmt::format(
        "<div class=\"big words\">{}</div><p>{} The centre of the wordings is {:.2f}, 95&nbsp;% interval {}.</p>",
        escaped(r.belief_verdict), reason, p, interval_text(*interval));
  }

  const std::string bounds = interval ? fmt::format(", 95&nbsp;% interval {}", interval_text(*interval)) : "";
  return fmt::format("<div class=\"big\">{:.2f}</div><p>probability that it is true{}: <strong>{}</strong></p>", p,
                     bounds, escaped(r.belief_verdict));
}

// Beside the number, because it says less where a gate fails. What to try stands in the table of gates.
std::string failed_gates(const Record& r) {
  std::string text;
  for (const Gate& gate : r.gates) {
    if (gate.passed() || is_of_frozen_estimate(gate)) continue;
    text +=
        fmt::format("<p class=\"fail\">The gate {} fails: {:.2f}, where {} {:.2f} is required ({}).</p>", gate.name,
                    gate.observed, gate.bound == Bound::at_least ? "at least" : "at most", gate.limit, gate.meaning);
  }
  return text;
}

std::string headline(const Record& r) {
  return fmt::format(
             "<h1>{}</h1>\n<p class=\"soft\">What {} believes about this claim, asked without any source.</p>\n",
             escaped(r.plan.recipe.claim.text), escaped(shown_model(r))) +
         "<div class=\"panel\">" + belief_text(r) + failed_gates(r) + html::strip_picture(r) + "</div>\n";
}

std::string gate_row(const Gate& gate) {
  const char* bound = gate.bound == Bound::at_least ? "at least" : "at most";
  std::string advice = gate.passed() && !gate.honest_observed ? "" : escaped(gate.advice);
  if (gate.honest_observed)
    advice = fmt::format("the honest interval is {:.2f} wide, over this limit; {}", *gate.honest_observed, advice);
  if (!gate.passed() && !gate.detail.empty()) advice = fmt::format("{}; {}", escaped(gate.detail), advice);
  return fmt::format(
      "<tr><td>{}</td><td class=\"{}\">{}</td><td class=\"num\">{:.3f}</td><td class=\"num\">{} "
      "{:.2f}</td><td>{}</td><td>{}</td></tr>\n",
      gate.name, gate.passed() ? "pass" : "fail", gate.passed() ? "pass" : "FAIL", gate.observed, bound, gate.limit,
      gate.meaning, advice);
}

// Those of the frozen estimate, or the others.
std::string gates_table(const Record& r, bool are_of_frozen_estimate) {
  std::string rows;
  for (const Gate& gate : r.gates) {
    if (is_of_frozen_estimate(gate) == are_of_frozen_estimate) rows += gate_row(gate);
  }
  return "<div class=\"wrap\"><table><tr><th>gate</th><th>result</th><th>observed</th><th>limit</th><th>meaning</th>"
         "<th>what to try</th></tr>\n" +
         rows + "</table></div>\n";
}

std::string gates_section(const Record& r) {
  return "<h2>Gates</h2>" + gates_table(r, false) +
         fmt::format("<p class=\"soft\">{} of {} answers usable, {} stored before.</p>\n", r.usable, r.answered,
                     r.from_store);
}

constexpr const char* kAboutEarlierRuns =
    "<p class=\"soft\">The frozen estimate reads a written 0 or 1 as near certainty, and its interval is too narrow "
    "with few wordings; the honest interval mends its width. Both are kept so that results can be compared with "
    "earlier ones.</p>";

// What people saw first before there was belief_v2.
std::string earlier_runs_section(const Record& r) {
  std::string rows;
  const auto row = [&](const std::string& name, const std::string& value) {
    rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", name, escaped(value));
  };

  row("frozen probability", fmt::format("{:.2f}", r.estimate.p.value()));
  row("frozen interval", fmt::format("{} (width {:.2f})", interval_text(r.estimate.ci95), r.estimate.ci95.width()));
  row("honest interval", fmt::format("{}: {}", interval_text(r.honest), r.verdict));
  row("quality score", fmt::format("{} of 100 (version {})", r.quality, kQualityVersion));
  row("frozen method",
      fmt::format("{}, B {}, seed {} ({})", kMethod, r.plan.recipe.sampling.draws, r.seed, to_word(r.seed_source)));
  row("frozen centre, log-odds", fmt::format("{}", r.estimate.center.value()));

  return std::string("<details><summary>For comparison with earlier runs</summary>\n") + kAboutEarlierRuns +
         "<div class=\"wrap\"><table>\n" + rows + "</table></div>\n" + gates_table(r, true) + "</details>\n";
}

std::string ladder_section(const Record& r) {
  if (!r.climb) return "";
  const LadderRule rule = r.plan.recipe.sampling.ladder->rule;
  std::string rows;
  for (std::size_t i = 0; i < r.climb->rungs.size(); ++i) {
    const Rung& rung = r.climb->rungs[i];
    const HonestInterval& found = rung.judged_by(rule);
    const auto& billed = r.execution.billed_after_rungs;
    rows += fmt::format(
        "<tr><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td>"
        "<td class=\"num\">{}</td></tr>\n",
        rung.size, rung.asked, interval_text(found),
        found.bounds ? fmt::format("{:.3f}", found.bounds->interval.width()) : "none",
        i < billed.size() ? to_text(Usd::from_micros(billed[i])) : "");
  }

  const char* earlier_rule =
      rule == LadderRule::honest_v1
          ? "<p class=\"soft\">This run was made by an earlier build, which went by the honest interval.</p>"
          : "";
  return fmt::format(
      "<h2>Asked until precise</h2><p>{}.</p>{}<div class=\"wrap\"><table><tr><th>rung</th><th>asked</th><th>95 % "
      "interval</th><th>width</th><th>cost so far</th></tr>\n{}</table></div>\n",
      escaped(ladder_text(r)), earlier_rule, rows);
}

std::string variance_section(const Record& r) {
  const auto split = variance_of(r);
  if (!split) return "";
  const double sum = split->wording + split->replicate.value_or(0);
  const std::string shares = split->replicate && sum > 0
                                 ? fmt::format("{:.0f} % wording, {:.0f} % replicate", 100 * split->wording / sum,
                                               100 * *split->replicate / sum)
                                 : std::string("wording and replicate together: no template has two answers");
  return fmt::format(
      "<h2>Where the spread comes from</h2><p>Variance of an answer {:.3f} in squared log-odds: {}.</p>\n", sum,
      shares);
}

std::string answers_section(const Record& r) {
  std::string rows;
  for (std::size_t i = 0; i < r.answers.size(); ++i) {
    const Answer& a = r.answers[i];
    const Question& q = r.plan.questions[i];

    const std::string value = a.verdict.prob_true ? fmt::format("{}", a.verdict.prob_true->value()) : "—";
    const std::string state =
        a.verdict.usable() ? std::string(note_of(a.verdict).empty() ? "usable" : "usable; its label contradicts it")
                           : fmt::format("<span class=\"fail\">{}</span>", to_word(*a.verdict.reason));

    rows += fmt::format(
        "<tr><td class=\"num\">{}</td><td class=\"num\">{}</td><td "
        "class=\"num\">{}</td><td>{}</td><td><details><summary>prompt and "
        "answer</summary><pre>{}</pre><hr><pre>{}</pre></details></td></tr>\n",
        shown_number(q.paraphrase_idx), q.replicate_idx, value, state,
        escaped(q.negated_text.empty() ? q.user_text : q.user_text + "\n\n" + q.negated_text),
        escaped(a.raw_text.value_or("(not kept by the program that asked)")));
  }

  return "<h2>Every answer</h2><div "
         "class=\"wrap\"><table><tr><th>template</th><th>replicate</th><th>prob_true</th><th>read "
         "as</th><th></th></tr>\n" +
         rows + "</table></div>\n<details><summary>System text sent with every question</summary><pre>" +
         escaped(r.plan.system_text) + "</pre></details>\n";
}

std::string provenance_section(const Record& r) {
  std::string rows;
  const auto row = [&](const std::string& name, const std::string& value) {
    rows += fmt::format("<tr><td>{}</td><td><pre>{}</pre></td></tr>\n", name, escaped(value));
  };

  row("run", r.plan.run_id.text());
  row("execution", r.execution.execution_id.text());
  row("finished (Unix seconds, UTC)", std::to_string(r.execution.finished_at));
  row("model", shown_model(r));
  row("mode", r.plan.recipe.mode.text());
  row("provider's settings", nlohmann::json::parse(r.execution.settings, nullptr, false).dump(2));
  for (const std::string& note : asking_notes(r)) row("note", note);

  row("prompt bank", fmt::format("{} (sha256 {})", r.plan.prompt_version, r.plan.bank_sha256));
  row("plan", fmt::format("{} of {}, rotation {}", plan_in_words(r.plan), r.plan.bank_size, r.plan.rotation));
  if (r.climb) row("ladder", ladder_text(r));
  if (const Readout readout = r.plan.recipe.readout(); readout != Readout::verbalized)
    row("readout", fmt::format("{}: {}", to_word(readout), readout_in_words(r)));

  row("method", std::string(r.climb ? kBeliefLadderMethod : kBeliefMethod));
  row("centre, log-odds", fmt::format("{}", r.belief.found.center.value()));
  row("answers, sha256", answers_sha256(r.answers));
  row("program", "heretix " + r.execution.program_version);

  return "<h2>Provenance</h2><div class=\"wrap\"><table>\n" + rows +
         "</table></div>\n<p class=\"soft\">Recompute it: <code>heretix verify " + escaped(r.plan.run_id.text()) +
         "</code></p>\n";
}

std::string sections(const Record& r) {
  return "<h2>By wording</h2><p class=\"soft\">A small pale dot is an answer, a circle what the answers to a wording "
         "say "
         "together, as the belief reads them; the diamond is the belief and the band its interval. A hollow diamond "
         "means "
         "that there is no stable belief.</p>" +
         html::forest_picture(r) + decision_section(r) + ladder_section(r) + variance_section(r) + gates_section(r) +
         earlier_runs_section(r) + answers_section(r) + provenance_section(r);
}

std::string comparison_row(const Record& r) {
  const auto failed =
      std::ranges::count_if(r.gates, [](const Gate& gate) { return !gate.passed() && !is_of_frozen_estimate(gate); });
  return fmt::format(
      "<tr><td>{}</td><td class=\"num\">{:.2f}</td><td class=\"num\">{}</td><td>{}</td><td class=\"num\">{}/{}</td>"
      "<td class=\"{}\">{}</td><td class=\"num\">{}</td></tr>\n",
      escaped(shown_model(r)), r.belief.p().value(), interval_text(r.belief.found), escaped(r.belief_verdict), r.usable,
      r.answered, failed == 0 ? "pass" : "fail", failed == 0 ? "all pass" : fmt::format("{} FAIL", failed),
      cost_text(r.execution));
}

std::string comparison_table(const std::vector<Record>& records) {
  std::string rows;
  for (const Record& r : records) rows += comparison_row(r);
  return "<div class=\"wrap\"><table><tr><th>model</th><th>p</th><th>95&nbsp;% interval</th><th>verdict</th>"
         "<th>usable</th><th>gates</th><th>cost</th></tr>\n" +
         rows + "</table></div>\n";
}

std::string earlier_runs_row(const Record& r) {
  const auto failed =
      std::ranges::count_if(r.gates, [](const Gate& gate) { return !gate.passed() && is_of_frozen_estimate(gate); });
  return fmt::format(
      "<tr><td>{}</td><td class=\"num\">{:.2f}</td><td class=\"num\">{}</td><td class=\"num\">{}</td>"
      "<td class=\"num\">{}</td><td class=\"{}\">{}</td></tr>\n",
      escaped(shown_model(r)), r.estimate.p.value(), interval_text(r.estimate.ci95), interval_text(r.honest), r.quality,
      failed == 0 ? "pass" : "fail", failed == 0 ? "all pass" : fmt::format("{} FAIL", failed));
}

std::string earlier_runs_table(const std::vector<Record>& records) {
  std::string rows;
  for (const Record& r : records) rows += earlier_runs_row(r);
  return std::string("<details><summary>For comparison with earlier runs</summary>\n") + kAboutEarlierRuns +
         "<div class=\"wrap\"><table><tr><th>model</th><th>frozen p</th><th>frozen interval</th><th>honest "
         "interval</th>"
         "<th>quality</th><th>gates of the frozen estimate</th></tr>\n" +
         rows + "</table></div>\n</details>\n";
}

}  // namespace

std::string report_html(const Record& r) {
  return html::to_html(
      {.title = r.plan.recipe.claim.text, .body = headline(r) + sections(r), .notice = is_mock(r) ? kMockNotice : ""});
}

std::string report_html(const std::vector<Record>& records) {
  std::string claim = records.front().plan.recipe.claim.text;
  if (std::ranges::any_of(records, [&](const Record& r) { return r.plan.recipe.claim.text != claim; }))
    claim = "Several claims";
  std::string body =
      fmt::format("<h1>{}</h1>\n<p class=\"soft\">What {} models believe, asked without any source.</p>\n",
                  escaped(claim), records.size());
  body += html::models_picture(records) + comparison_table(records) + earlier_runs_table(records);

  for (const Record& r : records) body += fmt::format("<h2>{}</h2>{}", escaped(shown_model(r)), html::strip_picture(r));
  for (const Record& r : records)
    body += fmt::format("<details><summary>{} in full: {}</summary>\n", escaped(shown_model(r)),
                        escaped(r.plan.run_id.text())) +
            sections(r) + "</details>\n";
  return html::to_html({.title = claim, .body = body, .notice = mock_notice(records)});
}

}  // namespace heretix
