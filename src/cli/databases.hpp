// Which Postgres a command means: --database local|prod|URL, DATABASE_URL, DATABASE_URL_PROD, APP_ENV.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "store/postgres/postgres_database.hpp"

namespace heretix {

struct NamedDatabase {
  std::string name;  // local, prod, or "given" for an address
  std::string env;   // what the env column of its checks says: APP_ENV, else the name, else local
  PostgresAddress address;
};

// `database`: as the option has it; empty: what APP_ENV says, else local. Throws Error{bad_input} for an address that
// is none and for prod without DATABASE_URL_PROD.
NamedDatabase named_database(const std::string& database);

// One, or with --all local and prod. Throws Error{bad_input} too where --all and --database are both given.
std::vector<NamedDatabase> chosen_databases(const Options& options);

// The command that brings a database of that name to head.
std::string upgrade_command(const std::string& name);

// For checks: at head and in its shape, so that what is written fits. Throws Error{bad_input} where it is not, naming
// the command that brings it there, and what PostgresDatabase throws.
std::unique_ptr<PostgresDatabase> open_postgres(const NamedDatabase& named);

}  // namespace heretix
