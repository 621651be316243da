#include "service/http/body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strict_json.hpp"
#include "base/text.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

constexpr int kDeepest = 8;

// "application/json", with or without a charset of UTF-8.
bool is_json(const std::string& type) {
  const std::string lower = to_lower_ascii(type);
  return trimmed(lower.substr(0, lower.find(';'))) == "application/json";
}

}  // namespace

Body::Body(const ServiceRequest& request, std::initializer_list<std::string_view> fields) {
  if (!is_json(request.header("content-type")))
    throw Refusal(415, "the body must be application/json, and Content-Type must say so");

  // Of a field that is named twice readers would differ on what it says.
  json parsed;
  const bool is_read = parse_strict(request.body, kDeepest, parsed) == JsonFault::none;
  if (!is_read || !parsed.is_object()) throw Refusal(400, "the body is not a JSON object, or names a field twice");

  for (const auto& [name, value] : parsed.items()) {
    if (std::ranges::find(fields, name) == fields.end())
      throw Refusal(422, fmt::format("there is no field '{}' in this request", on_one_line(shortened(name, 40))));
  }
  object_ = std::make_unique<json>(std::move(parsed));
}

Body::~Body() = default;

const json* Body::find(std::string_view field) const {
  const auto found = object_->find(field);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> Body::optional_text(std::string_view field, std::size_t most_bytes) const {
  const json* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) throw Refusal(422, fmt::format("{} must be a string", field));
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > most_bytes)
    throw Refusal(422, fmt::format("{} has {} bytes; at most {} are allowed", field, text.size(), most_bytes));
  return text;
}

std::string Body::text(std::string_view field, std::size_t most_bytes) const {
  const auto text = optional_text(field, most_bytes);
  if (!text) throw Refusal(422, fmt::format("{} is missing", field));
  return *text;
}

std::optional<std::int64_t> Body::optional_integer(std::string_view field, std::int64_t least,
                                                   std::int64_t most) const {
  const json* value = find(field);
  if (value == nullptr) return std::nullopt;
  const bool fits =
      value->is_number_integer() &&
      (!value->is_number_unsigned() ||
       value->get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (!fits || value->get<std::int64_t>() < least || value->get<std::int64_t>() > most)
    throw Refusal(422, fmt::format("{} must be a whole number from {} to {}", field, least, most));
  return value->get<std::int64_t>();
}

std::optional<int> Body::optional_count(std::string_view field, int most) const {
  const auto value = optional_integer(field, 1, most);
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

bool Body::truth(std::string_view field) const {
  const json* value = find(field);
  if (value == nullptr) return false;
  if (!value->is_boolean()) throw Refusal(422, fmt::format("{} must be true or false", field));
  return value->get<bool>();
}

std::vector<std::string> Body::texts(std::string_view field, std::size_t most, std::size_t most_bytes) const {
  const json* value = find(field);
  if (value == nullptr) throw Refusal(422, fmt::format("{} is missing", field));
  if (!value->is_array()) throw Refusal(422, fmt::format("{} must be a list of strings", field));
  if (value->size() > most)
    throw Refusal(422, fmt::format("{} has {} entries; at most {} are allowed", field, value->size(), most));
  std::vector<std::string> texts;
  for (const json& one : *value) {
    if (!one.is_string()) throw Refusal(422, fmt::format("{} must be a list of strings", field));
    texts.push_back(one.get<std::string>());
    if (texts.back().size() > most_bytes)
      throw Refusal(422, fmt::format("an entry of {} has {} bytes; at most {} are allowed", field, texts.back().size(),
                                     most_bytes));
  }
  return texts;
}

ServiceResponse json_response(int status, const json& body) {
  return {.status = status,
          .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
          .headers = {{"Cache-Control", "no-store"}}};
}

}  // namespace heretix::http
