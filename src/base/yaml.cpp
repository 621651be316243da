#include "base/yaml.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/number.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

// yaml-cpp's words, but where they would say "invalid unicode: 55356".
std::string reason_of(const std::string& message) {
  constexpr std::string_view kUnicode = "invalid unicode: ";
  const auto code = message.starts_with(kUnicode) ? whole_number(message.substr(kUnicode.size())) : std::nullopt;
  if (!code || *code < 0xd800 || *code > 0xdfff) return message;
  return fmt::format("\\u{:04x} is half of a surrogate pair, which only JSON has; write the character itself", *code);
}

}  // namespace

void YamlSource::refuse(const YAML::Mark& mark, const std::string& what) const {
  const std::string place = mark.is_null() ? name_ : fmt::format("{}:{}:{}", name_, mark.line + 1, mark.column + 1);
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", place, what), hint_);
}

void YamlSource::require_fields(const YAML::Node& root, const std::function<bool(const std::string&)>& is_known) const {
  if (!root.IsMap()) refuse(root.Mark(), "not a mapping of fields");
  std::set<std::string> seen;
  for (const auto& field : root) {
    if (!field.first.IsScalar()) refuse(field.first.Mark(), "a field name must be plain text");
    const std::string& name = field.first.Scalar();
    if (!is_known(name)) {
      refuse(field.first.Mark(), fmt::format("unknown field '{}'", on_one_line(shortened(name, 40))));
    }
    if (!seen.insert(name).second) refuse(field.first.Mark(), fmt::format("field '{}' is given twice", name));
  }
}

YAML::Node YamlSource::load(std::string_view text, const std::function<bool(const std::string&)>& is_known) const {
  if (text.size() > kMaxBytes) {
    refuse(YAML::Mark::null_mark(), fmt::format("{} bytes, at most {}", text.size(), kMaxBytes));
  }
  const std::string_view readable = utf8_text(text, name_);

  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(readable));
    if (documents.size() > 1) refuse(documents[1].Mark(), "a second YAML document begins here; a file holds one");
    YAML::Node root = documents.empty() ? YAML::Node() : documents[0];
    require_fields(root, is_known);
    return root;
  } catch (const YAML::Exception& e) { refuse(e.mark, reason_of(e.msg)); }
}

}  // namespace heretix
