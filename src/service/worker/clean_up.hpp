// What the service forgets: links, sessions and rates that are over, old jobs, and checks by the operator's retention.
#pragma once

#include "service/account/secret.hpp"
#include "service/checks/answers_place.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr const char* kCleanUpJob = "clean_up";

void enqueue_clean_up(Database& database);  // once an hour, however many processes ask
// `keep_checks_days`: 0 keeps them for ever.
void clean_up(Database& database, AnswersPlace& answers, const Secret& secret, double keep_checks_days);

}  // namespace heretix
