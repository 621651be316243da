#include "belief/record/shared_templates.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "belief/record/decision_facts.hpp"

namespace heretix {
namespace {

// By prompt_sha256, of a record whose numbers' rounding is known.
std::unordered_map<std::string, LogitRange> known_ranges(const Record& record) {
  const std::vector<TemplateSides> named = template_sides(record);
  const KnownRounding rounding = known_rounding(stated_sides(record));
  std::unordered_map<std::string, LogitRange> ranges;
  for (std::size_t i = 0; i < named.size(); ++i) ranges.emplace(named[i].prompt_sha256, rounding.ranges[i]);
  return ranges;
}

}  // namespace

std::vector<AnsweredTemplate> answered_templates(const Record& record) {
  const auto ranges = known_ranges(record);
  std::vector<AnsweredTemplate> answered;
  for (const TemplateResult& t : record.templates) {
    if (!t.value) continue;
    const double mean = t.value->value();
    const auto range = ranges.find(t.prompt_sha256);
    answered.push_back({.wording = record.bank.paraphrases[static_cast<std::size_t>(t.paraphrase_idx)],
                        .mean = mean,
                        .range = range == ranges.end() ? LogitRange{mean, mean} : range->second});
  }
  return answered;
}

SharedTemplates shared_templates(std::span<const Record* const> records) {
  std::vector<std::vector<AnsweredTemplate>> answered;
  for (const Record* record : records) answered.push_back(answered_templates(*record));
  return shared_templates(answered);
}

SharedTemplates shared_templates(std::span<const std::vector<AnsweredTemplate>> answered) {
  std::vector<std::map<std::string, const AnsweredTemplate*>> by_wording;
  for (const std::vector<AnsweredTemplate>& templates : answered) {
    auto& found = by_wording.emplace_back();
    for (const AnsweredTemplate& t : templates) found.emplace(t.wording, &t);
  }

  SharedTemplates shared{.wordings = {},
                         .means = std::vector<std::vector<double>>(answered.size()),
                         .ranges = std::vector<std::vector<LogitRange>>(answered.size())};
  for (const AnsweredTemplate& t : answered.front()) {
    if (!std::ranges::all_of(by_wording, [&](const auto& found) { return found.contains(t.wording); })) continue;
    shared.wordings.push_back(t.wording);
    for (std::size_t i = 0; i < answered.size(); ++i) {
      shared.means[i].push_back(by_wording[i].at(t.wording)->mean);
      shared.ranges[i].push_back(by_wording[i].at(t.wording)->range);
    }
  }
  return shared;
}

}  // namespace heretix
