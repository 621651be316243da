#include "base/yaml.hpp"

#include <fmt/format.h>

#include <set>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

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
  if (const auto at = first_invalid_utf8(text)) {
    refuse(YAML::Mark::null_mark(), fmt::format("not valid UTF-8 at byte {}", *at));
  }
  try {
    YAML::Node root = YAML::Load(std::string(text));
    require_fields(root, is_known);
    return root;
  } catch (const YAML::Exception& e) { refuse(e.mark, e.msg); }
}

}  // namespace heretix
