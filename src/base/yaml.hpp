// Reading of YAML from outside, with messages that name source, line and column.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <string_view>

namespace heretix {

class YamlSource {
 public:
  // `name` begins every message; `hint` says where the format is described.
  YamlSource(std::string name, std::string hint) : name_(std::move(name)), hint_(std::move(hint)) {}

  const std::string& name() const { return name_; }

  // Reads one document: a mapping whose fields are plain text, known, and each given once. Throws Error{bad_input} for
  // anything else: a text that is too large, not UTF-8 or not YAML, or anything after the document.
  YAML::Node load(std::string_view text, const std::function<bool(const std::string&)>& is_known) const;

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what) const;

 private:
  void require_one_document(const std::string& text) const;
  void require_fields(const YAML::Node& root, const std::function<bool(const std::string&)>& is_known) const;
  std::string name_;
  std::string hint_;
};

}  // namespace heretix
