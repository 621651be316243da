#include "cli/labelled_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "claim/claim.hpp"
#include "cli/csv.hpp"

namespace heretix {
namespace {

bool label_from(const std::string& word, const std::string& place) {
  const std::string lower = to_lower_ascii(word);
  if (lower == "true" || lower == "1" || lower == "yes") return true;
  if (lower == "false" || lower == "0" || lower == "no") return false;
  throw Error(ErrorKind::bad_input,
              fmt::format("{}: the label '{}' is neither true nor false", place, on_one_line(shortened(word, 40))),
              "write true or false");
}

}  // namespace

LabelledFile read_labelled_file(const std::string& path) {
  const auto content = content_of_file(path);
  if (!content)
    throw Error(ErrorKind::not_found, fmt::format("cannot read {}", path),
                "give a CSV file with the columns claim and label");
  const CsvTable table = parse_csv(*content, path);
  const auto column = [&](const char* name) -> std::size_t {
    return static_cast<std::size_t>(std::ranges::find(table.header, name) - table.header.begin());
  };
  const std::size_t claim = column("claim"), label = column("label"), field = column("field"), level = column("level");
  if (claim == table.header.size() || label == table.header.size())
    throw Error(ErrorKind::bad_input, fmt::format("{} lacks a column claim or label", path),
                "a header line names the columns");
  LabelledFile file{.claims = {}, .sha256 = sha256_hex(*content)};
  std::set<std::string> seen;
  for (const CsvRow& row : table.rows) {
    const std::string place = fmt::format("{}:{}", path, row.line);
    try {
      parse_claim(row.cells[claim]);
    } catch (const Error& e) { throw Error(e.kind(), fmt::format("{}: {}", place, e.what()), e.hint()); }
    if (!seen.insert(row.cells[claim]).second)
      throw Error(ErrorKind::bad_input, fmt::format("{}: the claim is there twice", place));
    file.claims.push_back({.claim = row.cells[claim],
                           .is_true = label_from(row.cells[label], place),
                           .field = field < row.cells.size() ? row.cells[field] : "",
                           .level = level < row.cells.size() ? row.cells[level] : ""});
  }
  return file;
}

}  // namespace heretix
