// A field of a configuration file, or of a line or row of a batch, before it becomes a setting: YAML, JSON and CSV all
// end here, and one table says what each field may be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/settings.hpp"

namespace heretix {

// What the file's format takes a value for. In CSV all is text.
enum class FieldKind { nothing, truth, number, text, other };

struct GivenField {
  std::string name;
  FieldKind kind = FieldKind::text;
  std::string text;   // as it was written, without quotes
  std::string place;  // "claims.jsonl:3:12", leads what is said about it

  [[noreturn]] void refuse(const std::string& what) const;
};

// Of one JSON object. `first_line`: where `text` begins in its file. Throws Error{bad_input}.
std::vector<GivenField> json_fields(std::string_view text, const std::string& source, std::size_t first_line = 1);

// Throws Error{bad_input} for a field that is unknown, of the wrong type or out of range. A field that holds nothing
// says nothing.
Settings settings_from(const std::vector<GivenField>& fields);

}  // namespace heretix
