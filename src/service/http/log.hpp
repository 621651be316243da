// The service's log: one JSON object a line on stderr. Claims and addresses appear only as keyed hashes, and secrets
// never. Anything that looks like a mail address in a text from elsewhere is replaced here, whoever logs it.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace heretix::http {

enum class LogLevel { info, warning, error };

using LogValue = std::variant<std::string, std::int64_t, double>;

// Thread-safe. Control characters are escaped, and bytes that are not valid UTF-8 are replaced.
void log_line(LogLevel level, std::string_view event,
              std::initializer_list<std::pair<std::string_view, LogValue>> fields);

}  // namespace heretix::http
