// A row of `checks`, the table of the Postgres databases that has one row for each check that was served
// (docs/storage.md).
#pragma once

#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/record.hpp"
#include "store/database.hpp"

namespace heretix {

struct CheckColumn {
  const char* name;  // its name in Postgres
  std::string sql;   // the name in SQL, quoted where Postgres would fold its letters
  ColumnKind kind;
  Value value;
};

// The name as SQL needs it: Postgres would fold the letters of "K".
std::string quoted_column(std::string_view name);

inline constexpr std::size_t kExecutionDigits = 12;

// The digits that the id of an execution and the run id of its check end in, or the whole text if it is shorter.
std::string execution_digits(const std::string& id);

// The run id of a check: "<recipe's run id>-<12 hexadecimal digits of the execution>". It is unique for each check, and
// the recipe is readable in front.
RunId check_run_id(const RecipeId& recipe, const ExecutionId& execution);

// What the run id of a check says of it. A check from the result cache has digits of its own, which name no execution.
RecipeId recipe_in(const RunId& check);
ExecutionId execution_in(const RunId& check);

// Every column of a check that this program measured, except `id`. `env` is local or prod. Timestamps are text in UTC.
std::vector<CheckColumn> check_columns(const std::string& env, const Record& record, const std::string& artifact_path);

// The same for a row of `runs` that another program wrote. A seed that lost its precision becomes null.
std::vector<CheckColumn> check_columns(const std::string& env, const Row& run);

// Throws Error{bad_input} naming the column if a value would not fit it. Call it before anything is asked.
void require_fits_check(const Plan& plan);

}  // namespace heretix
