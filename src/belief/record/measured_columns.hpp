// The columns in which a measurement is kept, written once: a row of `runs` in a harness file, a row of `checks` in the
// service's databases, a row of the dataset (docs/analytics.md), and the place of the same fact in a record.
//
// The columns that name a row are not here: its ids, its user, its environment and its times, which each store keeps in
// its own way. The list stands beside the record because the record uses one of the names too.
#pragma once

#include <span>
#include <string_view>

#include "base/value.hpp"
#include "belief/record/record.hpp"

namespace heretix {

// The spread of the wordings in log-odds, in columns and in the JSON of a record.
inline constexpr const char* kSpreadColumn = "template_iqr_logit";
inline constexpr const char* kSpreadInRecord = "$.estimate.template_iqr_logit";

// Known to the program that wrote the artifact, and null here.
inline constexpr const char* kArtifactColumn = "artifact_json_path";

struct MeasuredColumn {
  const char* name;
  ColumnKind kind;
  Value (*value)(const Record&);
  const char* in_record;  // its JSON path there (docs/record.md); null: a record has it nowhere
  const char* meaning;    // for the dataset's documentation
  bool repeats = true;    // few distinct values in many rows
  bool is_in_runs = true;
  bool is_figure = false;    // a check from the result cache shows it too, as its list does
  bool is_personal = false;  // holds or names what somebody wrote
};

// In the order of the dataset.
std::span<const MeasuredColumn> measured_columns();

// Throws Error{broken} if no column has that name.
const MeasuredColumn& measured_column(std::string_view name);

}  // namespace heretix
