// Collects everything that the service keeps of a person, for their own download, by the list in
// service/privacy/personal_data.hpp.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "service/account/secret.hpp"
#include "service/account/users.hpp"
#include "service/checks/answers_place.hpp"
#include "store/database.hpp"

namespace heretix {

// Returns the person's rows by table, with every column but those that would sign somebody in. Texts are as they are
// stored: a model may have said bytes that are not UTF-8, and whoever writes the JSON has to replace them.
nlohmann::json stored_data_of(Database& service, AnswersPlace& answers, const Secret& secret, const User& user);

}  // namespace heretix
