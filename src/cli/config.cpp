#include <fmt/format.h>
#include <charconv>
#include <limits>
#include <map>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "cli/settings.hpp"

namespace heretix {
namespace {

constexpr const char* kHint = "docs/configuration.md lists the fields and their ranges";

// One field's value, with the place to name when it does not fit.
struct Field {
  const YamlSource& source;
  const std::string& name;
  const YAML::Node& node;

  [[noreturn]] void refuse_value(const std::string& wanted) const {
    source.refuse(node.Mark(), fmt::format("'{}' must be {}", name, wanted));
  }
  std::string text() const {
    if (!node.IsScalar()) refuse_value("text");
    return node.Scalar();
  }
  int integer() const {
    int value = 0;
    const std::string scalar = text();
    const auto [end, failed] = std::from_chars(scalar.data(), scalar.data() + scalar.size(), value);
    if (failed != std::errc{} || end != scalar.data() + scalar.size()) refuse_value("a whole number");
    return value;
  }
  double real() const {
    try {
      return node.as<double>();
    } catch (const YAML::Exception&) { refuse_value("a number"); }
  }
  bool boolean() const {
    try {
      return node.as<bool>();
    } catch (const YAML::Exception&) { refuse_value("true or false"); }
  }
  bool is_null() const { return node.IsNull(); }
};

using Setter = void (*)(Settings&, const Field&);

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> all = {
      {"claim", [](Settings& s, const Field& f) { s.claim = f.text(); }},
      {"model", [](Settings& s, const Field& f) { s.model = f.text(); }},
      {"prompt_version", [](Settings& s, const Field& f) { s.prompt_version = f.text(); }},
      {"prompts", [](Settings& s, const Field& f) { s.prompts = f.text(); }},
      {"db", [](Settings& s, const Field& f) { s.db = f.text(); }},
      {"K", [](Settings& s, const Field& f) { s.slots = f.integer(); }},
      {"R", [](Settings& s, const Field& f) { s.replicates = f.integer(); }},
      {"T", [](Settings& s, const Field& f) { s.templates = f.integer(); }},
      {"until_width", [](Settings& s, const Field& f) { s.until_width = f.real(); }},
      {"B", [](Settings& s, const Field& f) { s.draws = f.integer(); }},
      {"seed", [](Settings& s, const Field& f) { s.seed = parse_seed(f.text(), f.source.name() + ": seed"); }},
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
      {"timeout", [](Settings& s, const Field& f) { s.timeout = f.real(); }},
      {"mock", [](Settings& s, const Field& f) { s.mock = f.boolean(); }},
  };
  return all;
}

Settings settings_from(const YAML::Node& root, const YamlSource& source) {
  Settings settings;
  for (const auto& item : root) {
    const std::string& name = item.first.Scalar();
    const Field field{source, name, item.second};
    if (!field.is_null()) setters().at(name)(settings, field);
  }
  return settings;
}

}  // namespace

Settings parse_config(std::string_view yaml, const std::string& source) {
  const YamlSource place(source, kHint);
  const YAML::Node root = place.load(yaml, [](const std::string& name) { return setters().contains(name); });
  try {
    return settings_from(root, place);
  } catch (const YAML::Exception& e) { place.refuse(e.mark, e.msg); }
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
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (failed != std::errc{} || end != text.data() + text.size() || value > most) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{} is '{}', must be from 0 to {}", what, on_one_line(shortened(text, 40)), most),
                "give a whole number in that range, or none to derive it from the recipe");
  }
  return value;
}

}  // namespace heretix
