// Which models agree, where the spread comes from, and which wordings pull.
#include <algorithm>
#include <cmath>
#include <map>

#include "belief/stats/moments.hpp"
#include "studies/atlas/atlas_parts.hpp"

namespace heretix {
namespace {

// Below, on, or above one half.
int side_of(double p) {
  if (p == 0.5) return 0;
  return p > 0.5 ? 1 : -1;
}

std::optional<AtlasAgreement> agreement_between(const Atlas& atlas, std::size_t a, std::size_t b) {
  AtlasAgreement found{.a = a, .b = b};
  std::vector<double> distances;
  std::size_t same = 0;
  for (const AtlasClaim& claim : atlas.claims) {
    const AtlasRow* of_a = atlas_belief(atlas, claim, a);
    const AtlasRow* of_b = atlas_belief(atlas, claim, b);
    if (of_a == nullptr || of_b == nullptr) continue;
    distances.push_back(std::abs(*of_a->p - *of_b->p));
    if (side_of(*of_a->p) == side_of(*of_b->p)) ++same;
  }
  if (distances.empty()) return std::nullopt;

  found.claims = distances.size();
  found.same_side = static_cast<double>(same) / static_cast<double>(found.claims);
  found.distance = mean_with_interval(distances).mean;
  if (found.distance.low) found.distance.low = std::max(0.0, *found.distance.low);
  if (found.distance.high) found.distance.high = std::min(1.0, *found.distance.high);
  return found;
}

// What the wordings of one check said, of those that are known.
const std::vector<AtlasWordings::Value>* wordings_of(const Atlas& atlas, const AtlasClaim& claim, std::size_t model,
                                                     const AtlasWordings& wordings) {
  const AtlasRow* row = atlas_number(atlas, claim, model);
  if (row == nullptr || !row->execution_id) return nullptr;
  const auto found = wordings.by_execution.find(*row->execution_id);
  return found == wordings.by_execution.end() || found->second.empty() ? nullptr : &found->second;
}

double mean_of(const std::vector<AtlasWordings::Value>& values) {
  double sum = 0;
  for (const auto& value : values) sum += value.value;
  return sum / static_cast<double>(values.size());
}

// The deviations of every wording, each claim's as their mean over the models that were asked.
class Pulls {
 public:
  explicit Pulls(std::size_t wordings) : claims_(wordings), checks_(wordings) {}

  void begin_claim() { of_claim_.clear(); }
  void add(const std::vector<AtlasWordings::Value>& check) {
    if (check.size() < 2) return;  // it has nothing to deviate from
    const double mean = mean_of(check);
    for (const auto& value : check) {
      auto& [sum, count] = of_claim_[value.wording];
      sum += value.value - mean;
      ++count;
      ++checks_[static_cast<std::size_t>(value.wording)];
    }
  }
  void end_claim() {
    for (const auto& [wording, found] : of_claim_)
      claims_[static_cast<std::size_t>(wording)].push_back(found.first / static_cast<double>(found.second));
  }

  std::vector<AtlasPull> found(const std::vector<std::string>& texts) const {
    std::vector<AtlasPull> pulls;
    for (std::size_t w = 0; w < claims_.size(); ++w) {
      if (claims_[w].empty()) continue;
      pulls.push_back({.wording = texts[w],
                       .claims = claims_[w].size(),
                       .checks = checks_[w],
                       .pull = mean_with_interval(claims_[w]).mean});
    }
    std::ranges::stable_sort(pulls, std::greater<>(), [](const AtlasPull& p) { return std::abs(p.pull.center); });
    return pulls;
  }

 private:
  std::map<int, std::pair<double, std::size_t>> of_claim_;
  std::vector<std::vector<double>> claims_;
  std::vector<std::size_t> checks_;
};

}  // namespace

void compare_models(Atlas& atlas) {
  for (std::size_t a = 0; a < atlas.models.size(); ++a) {
    for (std::size_t b = a + 1; b < atlas.models.size(); ++b) {
      if (auto found = agreement_between(atlas, a, b)) atlas.agreements.push_back(*found);
    }
  }
  std::ranges::stable_sort(atlas.agreements, {}, [](const AtlasAgreement& pair) { return pair.distance.center; });
}

void weigh_wordings(Atlas& atlas, const AtlasWordings& wordings) {
  std::vector<CrossedValue> values;
  Pulls pulls(wordings.texts.size());
  for (std::size_t c = 0; c < atlas.claims.size(); ++c) {
    pulls.begin_claim();
    for (std::size_t m = 0; m < atlas.models.size(); ++m) {
      const auto* check = wordings_of(atlas, atlas.claims[c], m, wordings);
      if (check == nullptr) continue;
      ++atlas.checks_with_wordings;
      pulls.add(*check);
      for (const auto& value : *check)
        values.push_back({static_cast<int>(c), static_cast<int>(m), value.wording, value.value});
    }
    pulls.end_claim();
  }

  atlas.components = crossed_components(values);
  std::ranges::stable_sort(atlas.components, std::greater<>(), &CrossedComponent::variance);
  atlas.pulls = pulls.found(wordings.texts);
}

}  // namespace heretix
