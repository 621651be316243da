// Named parameters as features write them (":claim") made into the numbered ones that Postgres takes ("$1").
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
