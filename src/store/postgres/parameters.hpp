// SQL as features write it made into Postgres's own: named parameters (":claim") into numbered ones ("$1"), later(…)
// into now() + an interval.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heretix {

struct NumberedSql {
  std::string sql;
  std::vector<std::string> names;  // of $1, $2, …, each with its colon; a name that comes twice has one number
};

// Leaves strings, quoted names, comments and '::' casts as they are. Pure.
NumberedSql number_parameters(std::string_view sql);

}  // namespace heretix
