#include "studies/atlas/atlas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/word_table.hpp"
#include "report/shown_difference.hpp"
#include "studies/atlas/atlas_parts.hpp"

namespace heretix {
namespace {

constexpr WordTable<AtlasStanding, 3> kStandingWords({{AtlasStanding::none, "none"},
                                                      {AtlasStanding::unstable, "unstable"},
                                                      {AtlasStanding::belief, "belief"}});

std::string about(const AtlasRow& row) {
  const std::string claim = fmt::format("\"{}\"", on_one_line(shortened(row.claim, 60)));
  return row.place.empty() ? claim : fmt::format("{}: {}", row.place, claim);
}

std::string and_in(const AtlasRow& earlier) {
  return earlier.place.empty() ? std::string() : fmt::format(", first in {}", earlier.place);
}

// The columns of the matrix. A row without a belief does not know its provider, and then belongs to the first column of
// its model.
class Columns {
 public:
  explicit Columns(const std::vector<AtlasRow>& rows) {
    for (const AtlasRow& row : rows) {
      const auto known = [&](const AtlasModel& m) {
        return m.model == row.model && (m.provider == row.provider || m.provider.empty() || row.provider.empty());
      };
      const auto found = std::ranges::find_if(models_, known);
      if (found == models_.end())
        models_.push_back({.model = row.model, .provider = row.provider, .label = row.model.text()});
      else if (found->provider.empty()) found->provider = row.provider;
    }
    for (AtlasModel& model : models_) {
      const auto of_name = std::ranges::count(models_, model.model, &AtlasModel::model);
      if (of_name > 1) model.label = fmt::format("{} ({})", model.model, model.provider);
    }
  }

  std::size_t of(const AtlasRow& row) const {
    const auto found = std::ranges::find_if(models_, [&](const AtlasModel& m) {
      return m.model == row.model && (row.provider.empty() || m.provider == row.provider);
    });
    return static_cast<std::size_t>(found - models_.begin());
  }
  std::size_t count() const { return models_.size(); }
  std::vector<AtlasModel> take() { return std::move(models_); }

 private:
  std::vector<AtlasModel> models_;
};

// The same execution twice is one measurement: a claim that stands in a batch twice is asked once, and reported twice.
bool is_same_measurement(const AtlasRow& a, const AtlasRow& b) {
  if (a.execution_id || b.execution_id) return a.execution_id == b.execution_id;
  return a.p == b.p && a.error == b.error;
}

void take_truth(const AtlasRow& row, AtlasClaim& claim, const AtlasRow& first) {
  if (!row.truth) return;
  if (claim.truth && claim.truth != row.truth)
    throw Error(ErrorKind::bad_input,
                fmt::format("{} is said to be true in one row and false in another{}", about(row), and_in(first)),
                "give every row of a claim the same truth");
  claim.truth = row.truth;
}

void take_tags(const AtlasRow& row, AtlasClaim& claim) {
  for (const std::string& tag : row.tags) {
    if (std::ranges::find(claim.tags, tag) == claim.tags.end()) claim.tags.push_back(tag);
  }
}

void fill_matrix(Atlas& atlas) {
  Columns columns(atlas.rows);
  std::map<std::string, std::size_t, std::less<>> numbers;
  std::vector<std::size_t> first_rows;

  for (std::size_t i = 0; i < atlas.rows.size(); ++i) {
    const AtlasRow& row = atlas.rows[i];
    const auto [place, is_new] = numbers.emplace(row.claim, atlas.claims.size());
    if (is_new) {
      atlas.claims.push_back({.claim = row.claim,
                              .tags = {},
                              .truth = {},
                              .cells = std::vector<std::optional<std::size_t>>(columns.count())});
      first_rows.push_back(i);
    }

    AtlasClaim& claim = atlas.claims[place->second];
    take_truth(row, claim, atlas.rows[first_rows[place->second]]);
    take_tags(row, claim);

    auto& cell = claim.cells[columns.of(row)];
    if (cell && !is_same_measurement(atlas.rows[*cell], row))
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} was measured twice by {}{}", about(row), on_one_line(row.model.text()),
                              and_in(atlas.rows[*cell])),
                  "keep one of the two rows: an atlas shows one measurement of a claim by a model");
    if (!cell) cell = i;
  }
  atlas.models = columns.take();
}

void count_cells(Atlas& atlas) {
  for (const AtlasClaim& claim : atlas.claims) {
    for (std::size_t m = 0; m < atlas.models.size(); ++m) {
      if (!claim.cells[m]) continue;
      const AtlasRow& row = atlas.rows[*claim.cells[m]];
      const AtlasStanding standing = standing_of(row);
      const auto count = [&](auto& counted) {
        ++counted.rows;
        if (standing == AtlasStanding::belief) ++counted.beliefs;
        if (standing == AtlasStanding::unstable) ++counted.unstable;
        if (standing == AtlasStanding::none) ++counted.none;
        if (!row.gates_failed.empty()) ++counted.gate_failed;
        counted.answers += row.answers;
        counted.from_store += row.from_store;
        counted.billed += row.billed;
        counted.seconds += row.seconds;
      };
      count(atlas.models[m]);
      count(atlas.totals);
      atlas.models[m].is_mock = atlas.models[m].is_mock || row.is_mock;
    }
  }
}

void find_disagreement(const Atlas& atlas, AtlasClaim& claim) {
  std::size_t beliefs = 0;
  AtlasDisagreement found{.lowest = 0, .highest = 0, .p_low = 0, .p_high = 0};
  for (std::size_t m = 0; m < atlas.models.size(); ++m) {
    const AtlasRow* row = atlas_belief(atlas, claim, m);
    if (row == nullptr) continue;
    ++beliefs;
    if (beliefs == 1 || *row->p < found.p_low) {
      found.lowest = m;
      found.p_low = *row->p;
    }
    if (beliefs == 1 || *row->p > found.p_high) {
      found.highest = m;
      found.p_high = *row->p;
    }
  }
  if (beliefs >= 2) claim.disagreement = found;
}

std::vector<std::size_t> in_order(const Atlas& atlas, auto key) {
  std::vector<std::size_t> order(atlas.claims.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return key(atlas.claims[i]); });
  return order;
}

}  // namespace

double AtlasDisagreement::shown() const { return shown_difference(p_high, p_low, kAtlasSteps); }

std::string_view to_word(AtlasStanding standing) { return kStandingWords.word(standing); }

AtlasStanding standing_of(const AtlasRow& row) {
  if (!row.p) return AtlasStanding::none;
  return row.is_stable == false ? AtlasStanding::unstable : AtlasStanding::belief;
}

const AtlasRow* atlas_number(const Atlas& atlas, const AtlasClaim& claim, std::size_t model) {
  if (!claim.cells[model]) return nullptr;
  const AtlasRow& row = atlas.rows[*claim.cells[model]];
  return row.p ? &row : nullptr;
}

const AtlasRow* atlas_belief(const Atlas& atlas, const AtlasClaim& claim, std::size_t model) {
  const AtlasRow* row = atlas_number(atlas, claim, model);
  return row != nullptr && standing_of(*row) == AtlasStanding::belief ? row : nullptr;
}

bool Atlas::has_mock() const { return std::ranges::any_of(models, &AtlasModel::is_mock); }
bool Atlas::is_mock() const { return std::ranges::all_of(models, &AtlasModel::is_mock); }

Atlas make_atlas(std::vector<AtlasRow> rows, const AtlasWordings& wordings) {
  if (rows.empty()) throw Error(ErrorKind::bad_input, "there is no result to show", "measure some claims first");
  Atlas atlas{.rows = std::move(rows),
              .models = {},
              .claims = {},
              .totals = {},
              .truths = {},
              .score_differences = {},
              .agreements = {},
              .components = {},
              .pulls = {}};
  fill_matrix(atlas);
  count_cells(atlas);
  for (AtlasClaim& claim : atlas.claims) find_disagreement(atlas, claim);

  score_by_truth(atlas);
  compare_models(atlas);
  weigh_wordings(atlas, wordings);
  return atlas;
}

std::vector<std::size_t> claims_by_disagreement(const Atlas& atlas) {
  // By the difference as it is printed, and among equals by what is behind it.
  return in_order(atlas, [](const AtlasClaim& claim) {
    const auto& d = claim.disagreement;
    return d ? std::pair(-d->shown(), -d->difference()) : std::pair(1.0, 1.0);
  });
}

std::vector<std::size_t> claims_by_text(const Atlas& atlas) {
  return in_order(atlas, [](const AtlasClaim& claim) -> const std::string& { return claim.claim; });
}

std::vector<std::size_t> claims_by_model(const Atlas& atlas, std::size_t model) {
  return in_order(atlas, [&](const AtlasClaim& claim) {
    const AtlasRow* row = atlas_number(atlas, claim, model);
    return row != nullptr ? -*row->p : 1.0;
  });
}

}  // namespace heretix
