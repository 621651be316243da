#include <fmt/format.h>
#include <charconv>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/strict_json.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "base/yaml.hpp"
#include "belief/claim/claim.hpp"
#include "cli/given_field.hpp"
#include "cli/nearest.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr const char* kHint = "docs/configuration.md lists the fields and their ranges";

// The words of YAML 1.1 and docs/configuration.md, in either case because spreadsheets write TRUE.
std::optional<bool> truth_from(const std::string& text) {
  const std::string lower = to_lower_ascii(text);
  if (lower == "true" || lower == "yes" || lower == "on" || lower == "y") return true;
  if (lower == "false" || lower == "no" || lower == "off" || lower == "n") return false;
  return std::nullopt;
}

double number_from(const std::string& text, const GivenField& field) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size())
    field.refuse(fmt::format("'{}' must be a number", field.name));
  return value;
}

// The value of a field in the type that its setting needs. A value that does not fit is refused with its place.
struct Field {
  const GivenField& given;

  [[noreturn]] void refuse_value(const std::string& wanted) const {
    given.refuse(fmt::format("'{}' must be {}", given.name, wanted));
  }
  std::string text() const {
    if (given.kind == FieldKind::other) refuse_value("text");
    return given.text;
  }
  // A value that YAML or JSON takes for a number or a truth value was not meant as a statement.
  std::string claim() const {
    if (given.kind == FieldKind::number || given.kind == FieldKind::truth)
      given.refuse(fmt::format("'{}' must be a statement; {} is a {}", given.name,
                               on_one_line(shortened(given.text, 40)),
                               given.kind == FieldKind::number ? "number" : "truth value, unless it is in quotes"));
    return text();
  }
  int integer() const {
    int value = 0;
    std::string scalar = text();
    if (scalar.ends_with(".0"))
      // Pandas writes whole numbers like this if a cell of the column is empty.
      scalar.resize(scalar.size() - 2);
    const auto [end, failed] = std::from_chars(scalar.data(), scalar.data() + scalar.size(), value);
    if (failed != std::errc{} || end != scalar.data() + scalar.size()) refuse_value("a whole number");
    return value;
  }
  double real() const { return number_from(text(), given); }
  bool boolean() const {
    const auto value = truth_from(text());
    if (!value) refuse_value("true or false");
    return *value;
  }
};

using Setter = void (*)(Settings&, const Field&);

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> all = {
      {"claim", [](Settings& s, const Field& f) { s.claim = f.claim(); }},
      {"model", [](Settings& s, const Field& f) { s.model = f.text(); }},
      {"prompt_version", [](Settings& s, const Field& f) { s.prompt_version = f.text(); }},
      {"prompts", [](Settings& s, const Field& f) { s.prompts = f.text(); }},
      {"db", [](Settings& s, const Field& f) { s.db = f.text(); }},
      {"K", [](Settings& s, const Field& f) { s.slots = f.integer(); }},
      {"R", [](Settings& s, const Field& f) { s.replicates = f.integer(); }},
      {"T", [](Settings& s, const Field& f) { s.templates = f.integer(); }},
      {"until_width", [](Settings& s, const Field& f) { s.until_width = f.real(); }},
      {"B", [](Settings& s, const Field& f) { s.draws = f.integer(); }},
      {"seed", [](Settings& s, const Field& f) { s.seed = parse_seed(f.text(), f.given.place + ": seed"); }},
      {"max_output_tokens", [](Settings& s, const Field& f) { s.max_output_tokens = f.integer(); }},
      {"max_prompt_chars", [](Settings& s, const Field& f) { s.max_prompt_chars = f.integer(); }},
      {"concurrency", [](Settings& s, const Field& f) { s.concurrency = f.integer(); }},
      {"temperature", [](Settings& s, const Field& f) { s.temperature = f.real(); }},
      {"base_url", [](Settings& s, const Field& f) { s.base_url = f.text(); }},
      {"api", [](Settings& s, const Field& f) { s.api = f.text(); }},
      {"reasoning", [](Settings& s, const Field& f) { s.reasoning = f.text(); }},
      {"prices", [](Settings& s, const Field& f) { s.prices = f.text(); }},
      {"logprobs", [](Settings& s, const Field& f) { s.logprobs = f.boolean(); }},
      {"readout", [](Settings& s, const Field& f) { s.readout = f.text(); }},
      {"samples", [](Settings& s, const Field& f) { s.samples = f.integer(); }},
      {"negation", [](Settings& s, const Field& f) { s.negation = f.boolean(); }},
      {"timeout", [](Settings& s, const Field& f) { s.timeout = f.real(); }},
      {"mock", [](Settings& s, const Field& f) { s.mock = f.boolean(); }},
      {"allow_question", [](Settings& s, const Field& f) { s.allow_question = f.boolean(); }},
  };
  return all;
}

FieldKind kind_of(const YAML::Node& node) {
  if (node.IsNull()) return FieldKind::nothing;
  if (!node.IsScalar()) return FieldKind::other;
  if (node.Tag() != "?") return FieldKind::text;  // in quotes
  if (is_only_a_number(node.Scalar())) return FieldKind::number;
  return truth_from(node.Scalar()) ? FieldKind::truth : FieldKind::text;
}

std::vector<GivenField> yaml_fields(std::string_view text, const std::string& source) {
  const YamlSource place(source, kHint);
  const YAML::Node root = place.load(text, [](const std::string& name) { return setters().contains(name); });
  std::vector<GivenField> fields;
  for (const auto& item : root) {
    const YAML::Mark mark = item.second.Mark();
    const FieldKind kind = kind_of(item.second);
    fields.push_back({.name = item.first.Scalar(),
                      .kind = kind,
                      .text = kind == FieldKind::other ? "" : item.second.Scalar(),
                      .place = fmt::format("{}:{}:{}", source, mark.line + 1, mark.column + 1)});
  }
  return fields;
}

FieldKind kind_of(const json& value) {
  if (value.is_null()) return FieldKind::nothing;
  if (value.is_string()) return FieldKind::text;
  if (value.is_number()) return FieldKind::number;
  return value.is_boolean() ? FieldKind::truth : FieldKind::other;
}

// A file is JSON by its name or by its content. JSON must not be read as YAML, to which the two halves of
// "\ud83c\udf0d" are not characters.
bool is_json(std::string_view text, const std::string& source) {
  if (has_ending(source, ".json")) return true;
  const std::size_t first = text.find_first_not_of(kWhiteSpace);
  return first != std::string_view::npos && text[first] == '{' && json::accept(text);
}

}  // namespace

void GivenField::refuse(const std::string& what) const {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", place, what), kHint);
}

void GivenField::refuse_as_unknown() const {
  refuse(fmt::format("unknown field '{}'", on_one_line(shortened(name, 40))));
}

std::vector<GivenField> json_fields(std::string_view text, const std::string& source, std::size_t first_line) {
  const PlacedJson document(text, source, kHint, first_line);
  if (!document.root().is_object()) document.refuse("", "not a JSON object of fields");
  std::vector<GivenField> fields;
  for (const auto& [name, value] : document.root().items()) {
    const TextPlace place = document.place_of("/" + name);
    fields.push_back({.name = name,
                      .kind = kind_of(value),
                      .text = value.is_string() ? value.get<std::string>() : value.dump(),
                      .place = fmt::format("{}:{}:{}", source, place.line, place.column)});
  }
  return fields;
}

namespace {

// In a name of a few letters one other letter makes another word.
bool is_near_a_setting(const std::string& name) {
  constexpr std::size_t kLeastLetters = 4;
  std::vector<std::string> names;
  for (const auto& [known, setter] : setters()) {
    if (known.size() >= kLeastLetters) names.push_back(known);
  }
  return name.size() >= kLeastLetters && nearest(to_lower_ascii(trimmed(name)), names).has_value();
}

}  // namespace

Settings settings_from(const std::vector<GivenField>& fields, std::vector<GivenField>& others) {
  Settings settings;
  for (const GivenField& field : fields) {
    const auto setter = setters().find(field.name);
    if (setter != setters().end()) {
      if (field.kind != FieldKind::nothing) setter->second(settings, Field{field});
      continue;
    }
    if (is_near_a_setting(field.name)) field.refuse_as_unknown();
    others.push_back(field);
  }
  return settings;
}

Settings settings_from(const std::vector<GivenField>& fields) {
  std::vector<GivenField> others;
  Settings settings = settings_from(fields, others);
  if (!others.empty()) others.front().refuse_as_unknown();
  return settings;
}

Settings parse_config(std::string_view text, const std::string& source) {
  const std::string_view readable = utf8_text(text, source);
  return settings_from(is_json(readable, source) ? json_fields(readable, source) : yaml_fields(readable, source));
}

Settings load_config(const std::string& path) {
  const auto text = content_of_file(path);
  if (!text) {
    throw Error(ErrorKind::not_found, fmt::format("cannot read the configuration {}", path),
                "check the path after --config");
  }
  return parse_config(*text, path);
}

std::uint64_t parse_seed(const std::string& text, const std::string& what) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (failed != std::errc{} || end != text.data() + text.size() || value > kMost) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{} is '{}'; it must be from 0 to {}", what, on_one_line(shortened(text, 40)), kMost),
                "give a whole number in that range, or none to have it derived from the recipe");
  }
  return value;
}

}  // namespace heretix
