// Shows a variance report as a document and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "studies/variance/variance.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::string advice(const VarianceReport& report) {
  const NextQuestion& best = report.next.front();
  std::string text = fmt::format("The cheapest next question: {}", best.what);
  if (best.needs_new_wording) text += " (the bank has none left: it must be written)";
  return text + ".";
}

}  // namespace

Document to_document(const VarianceReport& report) {
  Document document{.title = report.claim, .blocks = {}};
  document.blocks.push_back(
      Paragraph{fmt::format("Where the spread of {} answers comes from: {}; {} templates{}.", report.answers,
                            fmt::join(report.models, ", "), report.templates,
                            report.days.size() > 1 ? fmt::format("; {} days", report.days.size()) : ""),
                true});

  Shares shares;
  DocumentTable table{{"source", "variance (squared log-odds)", "share"}, {}};
  for (const VarianceComponent& c : report.components) {
    shares.parts.push_back({c.source, c.share});
    table.rows.push_back({c.source, fmt::format("{:.4f}", c.variance), fmt::format("{:.1f} %", 100 * c.share)});
  }

  document.blocks.push_back(std::move(shares));
  document.blocks.push_back(std::move(table));
  document.blocks.push_back(Paragraph{advice(report)});

  DocumentTable next{{"next", "answers", "variance of the estimate", "less by"},
                     {{"now", "", fmt::format("{:.4f}", report.estimate_variance), ""}}};
  for (const NextQuestion& q : report.next)
    next.rows.push_back({q.what, fmt::format("{:g}", q.answers), fmt::format("{:.4f}", q.variance_after),
                         fmt::format("{:.4f} an answer", (report.estimate_variance - q.variance_after) / q.answers)});
  document.blocks.push_back(std::move(next));

  document.blocks.push_back(Paragraph{
      report.best_replicates
          ? fmt::format("Best number of replicates of a wording for these costs: {}.", *report.best_replicates)
          : "No template has two answers: what replicates add is unknown (measure with -R 2).",
      false});
  return document;
}

json to_json(const VarianceReport& report) {
  json components = json::array();
  for (const VarianceComponent& c : report.components)
    components.push_back({{"source", c.source}, {"variance", c.variance}, {"share", c.share}});

  json next = json::array();
  for (const NextQuestion& q : report.next)
    next.push_back({{"what", q.what},
                    {"answers", q.answers},
                    {"variance_after", q.variance_after},
                    {"needs_new_wording", q.needs_new_wording}});

  return {{"format", "heretix_variance"},
          {"version", 1},
          {"claim", report.claim},
          {"models", report.models},
          {"days", report.days},
          {"executions", report.executions},
          {"templates", report.templates},
          {"answers", report.answers},
          {"components", components},
          {"estimate_variance", report.estimate_variance},
          {"best_replicates", report.best_replicates ? json(*report.best_replicates) : json(nullptr)},
          {"next", next}};
}

}  // namespace heretix
