// Removes what the service no longer needs: links, sessions and rates that have expired, old jobs, and checks that are
// older than the operator keeps them.
#pragma once

#include "service/account/secret.hpp"
#include "service/checks/answers_place.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr const char* kCleanUpJob = "clean_up";

void enqueue_clean_up(Database& database);  // once an hour, however many processes ask
// If `keep_checks_days` is 0, checks are kept for ever.
void clean_up(Database& database, AnswersPlace& answers, const Secret& secret, double keep_checks_days);

}  // namespace heretix
