// JSON read without mercy: RFC 8259, duplicate keys refused, depth bounded, numbers of any size accepted.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace heretix {

enum class JsonFault { none, syntax, duplicate_key, too_deep };

// `value` is filled only where the fault is none. duplicate_key and too_deep mean that nothing else was wrong.
// A number beyond a double's range is read as the largest one of its sign.
JsonFault parse_strict(std::string_view text, nlohmann::json& value);

}  // namespace heretix
