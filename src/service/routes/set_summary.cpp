#include "service/routes/set_summary.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "service/checks/web_words.hpp"
#include "studies/atlas/atlas.hpp"

namespace heretix::http {
namespace {

// Gives each wording its place among all of them.
class Texts {
 public:
  int place_of(const std::string& text) {
    const auto [found, is_new] = places_.emplace(text, static_cast<int>(texts.size()));
    if (is_new) texts.push_back(text);
    return found->second;
  }

  std::vector<std::string> texts{};

 private:
  std::map<std::string, int> places_;
};

AtlasRow row_of(const ServedSet& set, const SetClaim& claim, const SetResult& result) {
  AtlasRow row{.claim = claim.claim, .model = ModelName(set.models.at(result.cell.model))};
  row.is_mock = result.is_mock;
  row.error = in_web_words(result.error.value_or(""));
  row.tags = claim.tags;
  row.truth = claim.truth;
  row.execution_id = result.execution_id;
  row.billed = result.cell.billed;
  if (!result.cell.figures) return row;

  const SetFigures& f = *result.cell.figures;
  row.p = f.p;
  row.low = f.low;
  row.high = f.high;
  row.is_stable = f.is_stable;
  row.gates_failed = f.gates_failed;
  row.compliance = f.compliance;
  row.answers = static_cast<std::size_t>(std::max<std::int64_t>(0, f.answers));
  row.from_store = static_cast<std::size_t>(std::max<std::int64_t>(0, f.from_store));
  row.seconds = f.seconds;
  return row;
}

void add_wordings(const SetResult& result, const AskedWordings& asked, Texts& texts, AtlasWordings& wordings) {
  if (!result.cell.figures || !result.execution_id || result.cell.figures->bank != asked.version) return;
  std::vector<AtlasWordings::Value> values;
  const auto& by_place = result.cell.figures->wordings;
  for (std::size_t place = 0; place < std::min(by_place.size(), asked.texts.size()); ++place) {
    if (by_place[place]) values.push_back({texts.place_of(asked.texts[place]), *by_place[place]});
  }
  wordings.by_execution[*result.execution_id] = std::move(values);
}

}  // namespace

nlohmann::json set_summary(const ServedSet& set, const std::vector<SetClaim>& claims,
                           const std::vector<SetResult>& results, const std::vector<AskedWordings>& asked) {
  std::map<std::int64_t, const SetClaim*> by_number;
  for (const SetClaim& claim : claims) by_number[claim.number] = &claim;

  std::vector<AtlasRow> rows;
  Texts texts;
  AtlasWordings wordings;
  // Model by model, so that they keep the order of the set also where the first claim lacks a check.
  for (std::size_t model = 0; model < set.models.size(); ++model) {
    for (const SetResult& result : results) {
      if (result.cell.model != model || is_under_way(result.cell.state)) continue;
      const auto claim = by_number.find(result.cell.number);
      if (claim == by_number.end()) continue;
      rows.push_back(row_of(set, *claim->second, result));
      if (model < asked.size()) add_wordings(result, asked[model], texts, wordings);
    }
  }
  if (rows.empty()) return nullptr;

  wordings.texts = std::move(texts.texts);
  nlohmann::json summary = to_json(make_atlas(std::move(rows), wordings));
  summary.erase("claims");
  return summary;
}

}  // namespace heretix::http
