// The few pages that the server writes itself. They hold no script, and everything from outside is escaped.
#pragma once

#include <string>
#include <string_view>

#include "service/http/message.hpp"

namespace heretix::http {

std::string paragraph(std::string_view text);                              // escapes the text
std::string button_form(std::string_view action, std::string_view label);  // posts an empty form
ServiceResponse page(int status, std::string_view title, const std::string& body);

}  // namespace heretix::http
