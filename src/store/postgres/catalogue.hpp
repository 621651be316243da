// What a Postgres database's tables look like, read from its system catalogues, and how two of them differ.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "store/postgres/history.hpp"
#include "store/postgres/postgres_database.hpp"

namespace heretix {

const std::set<std::string>& our_tables();  // of every revision, alembic_version among them

struct DatabaseShape {
  Catalogue ours;    // tables of this program's history with everything that hangs on them
  Catalogue beside;  // other tables, views, sequences, types and functions of schema public: allowed, never touched
};

// Reads within the caller's transaction, or without one. Names are sorted. Definitions are in Postgres's own words,
// whatever the connection's search path is.
DatabaseShape read_shape(PostgresDatabase& database);

struct Difference {
  std::string object;    // "column checks.K"
  std::string expected;  // "absent" where it should not be there
  std::string found;     // "absent" where it is missing
};

struct CataloguePair {
  const Catalogue& expected;
  const Catalogue& found;
};

std::vector<Difference> compare(const CataloguePair& pair);
std::string to_line(const Difference& difference);

// The older shape whose differences these are, if they match exactly.
const OlderShape* recognise(const Revision& revision, const std::vector<Difference>& differences);

}  // namespace heretix
