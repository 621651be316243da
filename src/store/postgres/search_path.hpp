// Whether a connection's unqualified names mean our tables, which are in schema public.
//
// Migrations say themselves that they mean public. Everything else names tables without a schema, as a harness file
// does, so PostgreSQL looks them up along the search path. That can be set in many places: the address's options,
// PGOPTIONS, a service file, ALTER ROLE, ALTER DATABASE, the server's settings.
#pragma once

#include "store/postgres/postgres_database.hpp"

namespace heretix {

// Throws Error{bad_input} where the search path does not lead to schema public, or finds a table by one of our names in
// another schema first. Says who set the path, where PostgreSQL knows. Asks the server one question.
void require_public_schema(PostgresDatabase& database);

}  // namespace heretix
