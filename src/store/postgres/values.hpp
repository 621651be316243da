// Turns what Postgres sends as text into values of the Database interface.
#pragma once

#include <libpq-fe.h>

#include <cstdint>

#include "store/database.hpp"

namespace heretix {

// The value of a field of a result in text form; a time is in UTC. Throws Error{broken} if the server wrote something
// else.
Value value_of(const PGresult* result, int row, int column);
std::int64_t whole_number_from(const char* text);

}  // namespace heretix
