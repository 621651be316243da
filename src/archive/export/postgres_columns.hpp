// Whether a database's columns have the types that the export reads. A binary COPY carries no types: a column that
// somebody altered to another type of the same width would be read as a different number without a word.
#pragma once

#include <string>
#include <string_view>

#include "store/postgres/postgres_database.hpp"

namespace heretix {

// `sql` is everything the export selects: of a table of this program's history that it names, the columns that it names
// must be there, with a type of the same family as in the newest revision (bigint and integer are one, and text and
// character varying). Throws Error{bad_input} naming the column; `name` is what `--database` calls the database.
void require_column_types(PostgresDatabase& database, const std::string& name, std::string_view sql);

}  // namespace heretix
