// Everything that the service keeps of a person, for themselves: by the list in service/privacy/personal_data.hpp.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "service/account/secret.hpp"
#include "service/account/users.hpp"
#include "service/checks/answers_place.hpp"
#include "store/database.hpp"

namespace heretix {

// By table, the person's rows with every column but those that would sign somebody in. Texts are given as they are
// stored; where a model said bytes that are no UTF-8, whoever writes the JSON has to replace them.
nlohmann::json stored_data_of(Database& service, AnswersPlace& answers, const Secret& secret, const User& user);

}  // namespace heretix
