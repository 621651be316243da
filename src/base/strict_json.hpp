// A strict reader of JSON (RFC 8259). It refuses a key that is given twice in one object, where an ordinary reader
// silently keeps the last one. The same reader serves what models answer, what clients send and what people write.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/text_file.hpp"

namespace heretix {

enum class JsonFault { none, syntax, duplicate_key, too_deep };

// In which form parse_strict() hands over numbers: as numbers, or as strings that hold their literals ("0.950").
enum class Numbers { as_values, as_written };

// `value` is filled only if the fault is none. duplicate_key and too_deep mean that nothing else was wrong. `deepest`
// is how many objects and lists may lie within one another, the outermost counted. A number beyond a double's range is
// read as 1e308 of its sign. Pure.
JsonFault parse_strict(std::string_view text, int deepest, nlohmann::json& value, Numbers numbers = Numbers::as_values);

// Whether brackets are nested deeper than that, those within strings left aside. Counted before anything is built, so
// that 100,000 levels cost nothing. Pure.
bool is_nested_deeper(std::string_view text, int most);

// A file that a person made: every complaint names the line and column.
class PlacedJson {
 public:
  // `source` begins every message. `hint` ends it and says where the format is described. `first_line` is the line of
  // the file on which the text begins. Throws Error{bad_input} for text that is not UTF-8 or not JSON, for half of a
  // surrogate pair, and for a repeated key.
  PlacedJson(std::string_view text, std::string source, std::string hint, std::size_t first_line = 1);

  const nlohmann::json& root() const { return root_; }

  // The place of the value at that JSON pointer ("/models/3/from"): where its key stands, or in a list where the value
  // begins. If there is no such value, the place of the nearest value around it.
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
