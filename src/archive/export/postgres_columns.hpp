// Checks that a database's columns have the types that the export reads. A binary COPY carries no types, so a column
// that somebody altered to another type of the same width would silently be read as a different number.
#pragma once

#include <string>
#include <string_view>

#include "store/postgres/postgres_database.hpp"

namespace heretix {

// `sql` is everything that the export selects. In each table of this program's history that it names, the columns that
// it names must exist, with a type of the same family as in the newest revision (bigint and integer are one family,
// text and character varying another). Throws Error{bad_input} naming the column; `name` is what `--database` calls the
// database.
void require_column_types(PostgresDatabase& database, const std::string& name, std::string_view sql);

}  // namespace heretix
