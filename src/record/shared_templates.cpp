#include "record/shared_templates.hpp"

#include <algorithm>
#include <map>

namespace heretix {

std::vector<AnsweredTemplate> answered_templates(const Record& record) {
  std::vector<AnsweredTemplate> answered;
  for (const TemplateResult& t : record.templates) {
    if (t.mean)
      answered.push_back({record.bank.paraphrases[static_cast<std::size_t>(t.paraphrase_idx)], t.mean->value()});
  }
  return answered;
}

SharedTemplates shared_templates(std::span<const Record* const> records) {
  std::vector<std::map<std::string, double>> by_wording;
  for (const Record* record : records) {
    auto& means = by_wording.emplace_back();
    for (const AnsweredTemplate& t : answered_templates(*record)) means.emplace(t.wording, t.mean);
  }
  SharedTemplates shared{.wordings = {}, .means = std::vector<std::vector<double>>(records.size())};
  for (const AnsweredTemplate& t : answered_templates(*records.front())) {
    if (!std::ranges::all_of(by_wording, [&](const auto& means) { return means.contains(t.wording); })) continue;
    shared.wordings.push_back(t.wording);
    for (std::size_t i = 0; i < records.size(); ++i) shared.means[i].push_back(by_wording[i].at(t.wording));
  }
  return shared;
}

}  // namespace heretix
