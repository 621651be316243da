#include "base/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include <set>
#include <sstream>

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
  return fmt::format("\\u{:04x} is half of a surrogate pair, which only JSON allows; write the character itself",
                     *code);
}

// Of all that a parser tells, where each document starts.
class DocumentStarts : public YAML::EventHandler {
 public:
  explicit DocumentStarts(std::function<void(const YAML::Mark&)> on_start) : on_start_(std::move(on_start)) {}

  void OnDocumentStart(const YAML::Mark& mark) override { on_start_(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::function<void(const YAML::Mark&)> on_start_;
};

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

void YamlSource::require_one_document(const std::string& text) const {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  int documents = 0;
  DocumentStarts starts([&](const YAML::Mark& mark) {
    if (++documents == 1) return;
    const auto at = static_cast<std::size_t>(mark.pos);
    refuse(mark, text.find("---", at) == at ? "a second YAML document begins here; a file may hold only one"
                                            : "the YAML document ends before this point; a file may hold only one");
  });

  // Twice and no more: YAML::LoadAll of yaml-cpp 0.7 does not come to an end of every text, and one document is all
  // that a file may hold.
  if (parser.HandleNextDocument(starts)) parser.HandleNextDocument(starts);
}

YAML::Node YamlSource::load(std::string_view text, const std::function<bool(const std::string&)>& is_known) const {
  if (text.size() > kMaxBytes) {
    refuse(YAML::Mark::null_mark(),
           fmt::format("the file has {} bytes; at most {} are allowed", text.size(), kMaxBytes));
  }
  const std::string readable(utf8_text(text, name_));

  try {
    require_one_document(readable);
    YAML::Node root = YAML::Load(readable);
    require_fields(root, is_known);
    return root;
  } catch (const YAML::Exception& e) { refuse(e.mark, reason_of(e.msg)); }
}

}  // namespace heretix
