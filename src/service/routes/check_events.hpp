// The events of checks, as the stream of a check shows them.
#pragma once

#include <memory>

#include "service/http/event_hub.hpp"
#include "store/database.hpp"

namespace heretix::http {

// A check's stream goes by its id, and its last state ends it.
std::unique_ptr<EventKeeper> keep_check_events(std::unique_ptr<Database> database);

}  // namespace heretix::http
