// Bugs that the fault drivers must catch, so that the drivers themselves are tested.
//
// Only the test program `heretix_planted` is compiled with HERETIX_PLANTED_BUGS; there the environment variable
// of that name picks one. In every other build these are constants.
#pragma once

#include <cstdlib>
#include <string_view>

namespace heretix::planted {

#ifdef HERETIX_PLANTED_BUGS
inline bool is(std::string_view bug) {
  const char* chosen = std::getenv("HERETIX_PLANTED_BUGS");
  return chosen != nullptr && chosen == bug;
}
#else
constexpr bool is(std::string_view) { return false; }
#endif

inline std::string_view synchronous() { return is("synchronous_off") ? "OFF" : "FULL"; }
inline std::string_view begin_statement() { return is("deferred") ? "BEGIN DEFERRED" : "BEGIN IMMEDIATE"; }
inline bool stores_after_all_are_done() { return is("store_late"); }
inline bool records_attempts_after_sending() { return is("attempt_late"); }

}  // namespace heretix::planted
