// Finds the Postgres that a command means, from --database local|prod|URL, DATABASE_URL, DATABASE_URL_PROD and APP_ENV.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/option_groups.hpp"
#include "store/postgres/postgres_database.hpp"

namespace heretix {

struct NamedDatabase {
  std::string name;  // local, prod, or "given" for an address
  std::string env;   // what the env column of its checks says: APP_ENV, else the name, else local
  PostgresAddress address;
};

// `database` is the value of the option; if it is empty, APP_ENV decides, else it is local. Throws Error{bad_input} for
// an address that is not valid, and for prod without DATABASE_URL_PROD.
NamedDatabase named_database(const std::string& database);

// Returns one database, or local and prod with --all. Also throws Error{bad_input} if both --all and --database are
// given.
std::vector<NamedDatabase> chosen_databases(const std::string& database, bool all);

// The command that brings a database of that name to head.
std::string upgrade_command(const std::string& name);

// Opens a database for checks. It must be at the head revision and have its shape, so that what is written fits.
// Otherwise throws Error{bad_input} naming the command that brings it there; also throws what PostgresDatabase throws.
std::unique_ptr<PostgresDatabase> open_postgres(const NamedDatabase& named);

}  // namespace heretix
