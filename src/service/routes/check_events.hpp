// Reads the events of checks for the streams that show them.
#pragma once

#include <memory>

#include "service/http/event_hub.hpp"
#include "store/database.hpp"

namespace heretix::http {

// The stream of a check is named by its id and ends with its last state.
std::unique_ptr<EventKeeper> keep_check_events(std::unique_ptr<Database> database);

}  // namespace heretix::http
