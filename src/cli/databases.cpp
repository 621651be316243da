#include "cli/databases.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "store/postgres/migrator.hpp"
#include "store/postgres/search_path.hpp"

namespace heretix {
namespace {

constexpr const char* kDefaultLocal = "postgresql+psycopg://heretix:heretix@localhost:5433/heretix";

// Read here alone: other software knows other words, and what needs no Postgres must not stop because of them.
std::optional<std::string> app_env(const Environment& environment) {
  if (!environment.app_env || *environment.app_env == "local" || *environment.app_env == "prod")
    return environment.app_env;
  throw Error(ErrorKind::bad_input,
              fmt::format("APP_ENV is '{}'; it must be local or prod when Postgres is used", *environment.app_env),
              "set APP_ENV=local or APP_ENV=prod for this command, or unset it");
}

}  // namespace

NamedDatabase named_database(const std::string& database) {
  const Environment environment = read_environment();
  const std::optional<std::string> env = app_env(environment);
  const std::string name = database.empty() ? env.value_or("local") : database;
  if (name == "local") {
    return {name, env.value_or(name),
            parse_postgres_address(environment.database_url.value_or(kDefaultLocal), "DATABASE_URL")};
  }
  if (name == "prod") {
    if (!environment.database_url_prod) {
      throw Error(ErrorKind::bad_input, "DATABASE_URL_PROD is not set, so there is no prod database",
                  "export DATABASE_URL_PROD=postgresql+psycopg://…?sslmode=require&channel_binding=require");
    }
    return {name, env.value_or(name), parse_postgres_address(*environment.database_url_prod, "DATABASE_URL_PROD")};
  }
  return {"given", env.value_or("local"), parse_postgres_address(name, "--database")};
}

std::vector<NamedDatabase> chosen_databases(const std::string& database, bool all) {
  if (!all) return {named_database(database)};
  if (!database.empty())
    throw Error(ErrorKind::bad_input, "--all means local and prod; --database names one", "give one or the other");
  return {named_database("local"), named_database("prod")};
}

std::string upgrade_command(const std::string& name) {
  return fmt::format("heretix db upgrade --database {}", name == "given" ? "URL" : name);
}

std::unique_ptr<PostgresDatabase> open_postgres(const NamedDatabase& named) {
  auto database = std::make_unique<PostgresDatabase>(named.address);
  require_public_schema(*database);
  const Revision* at = Migrator(*database, {}).current();
  if (at != nullptr && at->id == history().back().id) return database;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} is at revision {}; this program needs {}", named.address.shown(),
                          at == nullptr ? "base" : at->id, history().back().id),
              upgrade_command(named.name));
}

}  // namespace heretix
