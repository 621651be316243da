// The templates of JSON that nearly every source uses are compiled once, in json_instances.cpp. Only precompiled
// headers include this: a source without it compiles them for itself, and nothing else differs.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// A list for `extern template` here and for `template` there. What is not in a class, such as json::parse, is on
// neither.
#define HERETIX_JSON_INSTANCES(instance)                                       \
  instance nlohmann::basic_json<>;                                             \
  instance nlohmann::detail::serializer<nlohmann::json>;                       \
  instance nlohmann::detail::json_sax_dom_parser<nlohmann::json>;              \
  instance nlohmann::detail::json_sax_dom_callback_parser<nlohmann::json>;     \
  instance nlohmann::detail::lexer<nlohmann::json, heretix::JsonFromPointer>;  \
  instance nlohmann::detail::lexer<nlohmann::json, heretix::JsonFromString>;   \
  instance nlohmann::detail::parser<nlohmann::json, heretix::JsonFromPointer>; \
  instance nlohmann::detail::parser<nlohmann::json, heretix::JsonFromString>;  \
  instance std::vector<nlohmann::json>;                                        \
  instance std::map<std::string, nlohmann::json, std::less<>>

namespace heretix {

using JsonFromPointer = nlohmann::detail::iterator_input_adapter<const char*>;
using JsonFromString = nlohmann::detail::iterator_input_adapter<std::string::const_iterator>;

}  // namespace heretix

HERETIX_JSON_INSTANCES(extern template class);
