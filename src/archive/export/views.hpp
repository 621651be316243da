// data/views.sql, embedded at build time (cmake/embed.cmake).
#pragma once

#include <string_view>

namespace heretix {

extern const std::string_view kViewsSql;

}  // namespace heretix
