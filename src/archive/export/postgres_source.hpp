// Reads checks, samples, executions and the usage ledger of a Postgres database by binary COPY, in one snapshot.
#pragma once

#include <memory>

#include "archive/export/source.hpp"
#include "store/postgres/postgres_database.hpp"

namespace heretix {

// `database` must be at the head revision; `env` is local or prod.
std::unique_ptr<Source> open_postgres_source(std::unique_ptr<PostgresDatabase> database, std::string name,
                                             std::string env);

}  // namespace heretix
