// By which names the clients of System One may ask for a model. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"

namespace heretix {

// The names that official clients send by default, which mean whatever model a server has.
bool is_model_alias(std::string_view named);

// As the model is hashed into keys, as it was given to the server, and without its provider.
std::vector<std::string> names_of_model(const ModelName& model, const std::string& given);

}  // namespace heretix
