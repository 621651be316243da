// What Postgres sends as text made into the port's values.
#pragma once

#include <libpq-fe.h>

#include <cstdint>

#include "store/database.hpp"

namespace heretix {

// A field of a result in text form; a time in UTC. Throws Error{broken} where the server wrote something else.
Value value_of(const PGresult* result, int row, int column);
std::int64_t whole_number_from(const char* text);

}  // namespace heretix
