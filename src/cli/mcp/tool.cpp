#include "cli/mcp/tool.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix::mcp {

using nlohmann::json;

namespace {

constexpr std::size_t kMostShown = 60;  // characters of a value

std::string shown(const json& value) {
  return on_one_line(shortened(value.dump(-1, ' ', false, json::error_handler_t::replace), kMostShown));
}

bool is_integer(const json& value) {
  return value.is_number_integer() ||
         (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
}

bool has_type(const json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return is_integer(value);
  if (type == "number") return value.is_number();
  return type == "array" && value.is_array();
}

std::string with_article(const std::string& type) {
  if (type == "array") return "a list of strings";
  return (type == "integer" ? "an " : "a ") + type;
}

// What a value has to be and is not; empty if it fits.
std::string misfit_of(const json& value, const json& schema) {
  const std::string type = schema.at("type");
  if (!has_type(value, type)) return "must be " + with_article(type);
  if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end()) {
    std::vector<std::string> words;
    for (const json& word : schema["enum"]) words.push_back(word.get<std::string>());
    return fmt::format("must be one of {}", fmt::join(words, ", "));
  }
  if (schema.contains("minLength") && count_code_points(value.get_ref<const std::string&>()) < schema["minLength"])
    return "must not be empty";
  if (schema.contains("minimum") && value < schema["minimum"])
    return fmt::format("must be at least {}", schema["minimum"].dump());
  if (schema.contains("exclusiveMinimum") && value <= schema["exclusiveMinimum"])
    return fmt::format("must be more than {}", schema["exclusiveMinimum"].dump());
  if (schema.contains("maximum") && value > schema["maximum"])
    return fmt::format("must be at most {}", schema["maximum"].dump());
  if (type != "array") return "";

  if (schema.contains("maxItems") && value.size() > schema["maxItems"])
    return fmt::format("must have at most {} items", schema["maxItems"].dump());
  for (const json& item : value) {
    if (!misfit_of(item, schema.at("items")).empty()) return "must be a list of strings, none of them empty";
  }
  return "";
}

}  // namespace

void require_fits_schema(const json& arguments, const Tool& tool) {
  const json& schema = tool.definition.at("inputSchema");
  const json& properties = schema.at("properties");
  std::vector<std::string> names;
  for (const auto& [name, property] : properties.items()) names.push_back(name);
  const std::string hint = fmt::format("{} takes {}", tool.name(), fmt::join(names, ", "));

  for (const auto& [name, value] : arguments.items()) {
    if (!properties.contains(name))
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} has no argument '{}'", tool.name(), on_one_line(shortened(name, kMostShown))), hint);
    const std::string misfit = misfit_of(value, properties[name]);
    if (!misfit.empty())
      throw Error(ErrorKind::bad_input, fmt::format("the argument {} is {}; it {}", name, shown(value), misfit), hint);
  }

  for (const json& name : schema.value("required", json::array())) {
    if (!arguments.contains(name.get<std::string>()))
      throw Error(ErrorKind::bad_input, fmt::format("the argument {} is missing", name.get<std::string>()), hint);
  }
}

}  // namespace heretix::mcp
