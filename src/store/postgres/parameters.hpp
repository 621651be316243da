// Turns the SQL that features write into Postgres's own: named parameters (":claim") become numbered ones ("$1"),
// later(…) becomes now() plus an interval, and bound values take libpq's form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"

namespace heretix {

struct NumberedSql {
  std::string sql;
  std::vector<std::string> names;  // of $1, $2, …, each with its colon; a name that comes twice has one number
};

// Leaves strings, quoted names, comments and '::' casts as they are. Pure.
NumberedSql number_parameters(std::string_view sql);

// What libpq takes together with a statement, in the order of its numbers. Throws Error: broken if a name has no value,
// bad_input for a NUL byte in a text.
struct WireParameters {
  WireParameters(const std::vector<std::string>& names, const Bindings& bindings);
  int count() const { return static_cast<int>(values.size()); }

  std::vector<std::string> texts;
  std::vector<bool> nulls;
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
};

}  // namespace heretix
