// A field of a configuration file, or of a line or row of a batch, before it becomes a setting. YAML, JSON and CSV all
// end up in this form, and one table says what each field may be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/settings.hpp"

namespace heretix {

// What the format of the file takes a value for. In CSV every value is text.
enum class FieldKind { nothing, truth, number, text, other };

struct GivenField {
  std::string name;
  FieldKind kind = FieldKind::text;
  std::string text;   // as it was written, without quotes
  std::string place;  // "claims.jsonl:3:12", begins every message about the field

  [[noreturn]] void refuse(const std::string& what) const;
  [[noreturn]] void refuse_as_unknown() const;
};

// Reads the fields of one JSON object. `first_line` is the line of the file on which `text` begins. Throws
// Error{bad_input}.
std::vector<GivenField> json_fields(std::string_view text, const std::string& source, std::size_t first_line = 1);

// Throws Error{bad_input} for a field that is unknown, of the wrong type or out of range. A field without a value sets
// nothing.
Settings settings_from(const std::vector<GivenField>& fields);

// The same for a line that may hold fields of its owner beside settings: they are put into `others`. One whose name
// comes near that of a setting is refused, because it is likely to be misspelled.
Settings settings_from(const std::vector<GivenField>& fields, std::vector<GivenField>& others);

}  // namespace heretix
