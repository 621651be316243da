#include "store/postgres/search_path.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/postgres/catalogue.hpp"

namespace heretix {
namespace {

// A schema that is missing or closed to this user is no matter of the search path: what is done next tells it.
// alembic_version may stand in any schema, because whatever reads it names public.
constexpr std::string_view kWhereNamesLead = R"(SELECT current_setting('search_path') AS path,
  EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege(oid, 'USAGE'))
    AND NOT 'public' = ANY (current_schemas(false)) AS passes_public_by,
  (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relname IN ('{}') AND c.relname <> 'alembic_version' AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname <> 'public'
     AND pg_table_is_visible(c.oid) ORDER BY 1 LIMIT 1) AS found_first)";

struct Setter {
  std::string who;     // "options in the address"
  std::string remedy;  // what to do about it there
};

// pg_settings.source says where a setting came from (PostgreSQL manual, pg_settings).
Setter setter_of_path(PostgresDatabase& database) {
  const std::vector<Row> rows = database.query(
      "SELECT source, format('%I', current_user) AS role, format('%I', current_database()) AS db FROM pg_settings "
      "WHERE "
      "name = 'search_path'");
  if (rows.empty()) return {"the server", "put public first in search_path"};
  const std::string source = rows[0].required_text("source");
  const std::string role = rows[0].required_text("role"), db = rows[0].required_text("db");

  const auto reset = [](const std::string& command) {
    return Setter{command + " SET", fmt::format("{} RESET search_path, or put public first in it", command)};
  };
  if (source == "user") return reset(fmt::format("ALTER ROLE {}", role));
  if (source == "database") return reset(fmt::format("ALTER DATABASE {}", db));
  if (source == "database user") return reset(fmt::format("ALTER ROLE {} IN DATABASE {}", role, db));
  if (source == "client" && database.address().value("options").find("search_path") != std::string::npos)
    return {"options in the address", "remove search_path from the address, or put public first in it"};
  if (source == "client")
    return {"PGOPTIONS or a service file", "remove search_path from its options, or put public first in it"};
  return {fmt::format("the server: {}", source), "put public first in search_path"};
}

// Where this connection's names lead.
struct Lead {
  std::string path;
  std::string fault;  // empty: to our tables
};

Lead where_names_lead(PostgresDatabase& database) {
  const std::vector<Row> rows = database.query(fmt::format(kWhereNamesLead, fmt::join(our_tables(), "', '")));
  const std::string path = rows[0].required_text("path");
  const auto found_first = rows[0].text("found_first");
  if (rows[0].integer("passes_public_by") == 1)
    return {path, "does not lead to schema public, where Heretix keeps its tables"};
  if (!found_first) return {path, ""};
  return {path, fmt::format("finds {} before the table in schema public, where Heretix keeps its own", *found_first)};
}

}  // namespace

void require_public_schema(PostgresDatabase& database) {
  Lead lead = where_names_lead(database);
  if (lead.fault.empty()) return;

  // All clients of PGlite share one session, where pg_dump for one leaves an empty path behind.
  if (!database.facts().pglite.empty()) {
    database.execute("RESET search_path");
    lead = where_names_lead(database);
    if (lead.fault.empty()) return;
  }
  const Setter setter = setter_of_path(database);
  throw Error(ErrorKind::bad_input,
              fmt::format("{}: the search path '{}' (set by {}) {}", database.address().shown(), lead.path, setter.who,
                          lead.fault),
              setter.remedy);
}

}  // namespace heretix
