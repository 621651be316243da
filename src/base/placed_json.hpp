// JSON of a file that a person made: every complaint names the line and column, and a key that is given twice in one
// object is refused, where a plain JSON reader keeps the last one and says nothing.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/text_file.hpp"

namespace heretix {

class PlacedJson {
 public:
  // `source` leads every message; `hint` ends it: where the format is described. `first_line`: of the text in its file.
  // Throws Error{bad_input}: no UTF-8, no JSON, half of a surrogate pair, a repeated key.
  PlacedJson(std::string_view text, std::string source, std::string hint, std::size_t first_line = 1);

  const nlohmann::json& root() const { return root_; }

  // Of the value at that JSON pointer ("/models/3/from"): where its key stands, or in a list where it begins. The
  // nearest value around it where there is none.
  TextPlace place_of(std::string pointer) const;

  // "source:line:column: what", with the hint.
  [[noreturn]] void refuse(const std::string& pointer, const std::string& what) const;

 private:
  [[noreturn]] void refuse_at(const TextPlace& place, const std::string& what) const;
  TextPlace place_at(std::size_t offset) const;

  std::string text_;
  std::string source_, hint_;
  std::size_t first_line_;
  nlohmann::json root_;
  std::map<std::string, std::size_t> offsets_;  // by JSON pointer
};

}  // namespace heretix
