// A row of `checks`, the table of the Postgres databases that holds one row a check served (docs/storage.md).
#pragma once

#include <string>
#include <vector>

#include "belief/record/record.hpp"
#include "store/database.hpp"

namespace heretix {

struct CheckColumn {
  const char* name;  // as Postgres has it
  std::string sql;   // quoted where Postgres would fold its letters
  ColumnKind kind;
  Value value;
};

// As SQL names it: Postgres would fold the letters of "K".
std::string quoted_column(std::string_view name);

inline constexpr std::size_t kExecutionDigits = 12;

// The digits that end an execution's id and the run id of its check; the whole text where it is shorter.
std::string execution_digits(const std::string& id);

// "<recipe's run id>-<12 hexadecimal digits of the execution>": unique per check, the recipe readable in front.
std::string check_run_id(const std::string& recipe_run_id, const std::string& execution_id);

// Every column of a check that this program measured, but `id`. `env`: local or prod. Timestamps are text in UTC.
std::vector<CheckColumn> check_columns(const Record& record, const std::string& env, const std::string& artifact_path);

// The same for a row of `runs` that another program wrote. A seed that lost its precision becomes null.
std::vector<CheckColumn> check_columns(const Row& run, const std::string& env);

// Error{bad_input} naming the column for what would not fit, before anything is asked.
void require_fits_check(const Plan& plan);

}  // namespace heretix
