#include "cli/labelled_file.hpp"

#include <fmt/format.h>

#include <map>

#include "base/csv.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "belief/claim/claim.hpp"
#include "cli/session.hpp"

namespace heretix {

bool label_from(const std::string& word, const std::string& place) {
  const std::string lower = to_lower_ascii(word);
  if (lower == "true" || lower == "1" || lower == "yes") return true;
  if (lower == "false" || lower == "0" || lower == "no") return false;
  throw Error(ErrorKind::bad_input,
              fmt::format("{}: the label '{}' is neither true nor false", place, on_one_line(shortened(word, 40))),
              "write true or false");
}

LabelledFile read_labelled_file(const std::string& path, bool allow_question) {
  const auto content = content_of_file(path);
  if (!content)
    throw Error(ErrorKind::not_found, fmt::format("cannot read {}", path),
                "give a CSV file with the columns claim and label");
  const CsvTable table = parse_csv(*content, path, {"claim", "label"});
  const std::size_t claim = table.required_column("claim");
  const std::size_t label = table.required_column("label");
  const auto field = table.column("field");
  const auto level = table.column("level");

  LabelledFile file{.claims = {}, .sha256 = sha256_hex(*content)};
  std::map<std::string, int> lines;  // of each claim without the white space around it
  for (const CsvRow& row : table.rows) {
    const std::string place = fmt::format("{}:{}", path, row.line);
    const std::string& text = row.cells[claim];
    try {
      require_statement(parse_claim(text).text, allow_question);
    } catch (const Error& e) { throw Error(e.kind(), fmt::format("{}: {}", place, e.what()), e.hint()); }
    const auto [first, is_new] = lines.emplace(trimmed(text, kWhiteSpace), row.line);
    if (!is_new)
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}: the claim appears twice, first in line {}", place, first->second),
                  "remove one of the two");
    file.claims.push_back({.claim = text,
                           .is_true = label_from(row.cells[label], place),
                           .field = field ? row.cells[*field] : "",
                           .level = level ? row.cells[*level] : ""});
  }
  return file;
}

}  // namespace heretix
