#include "archive/export/postgres_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "base/error.hpp"
#include "store/postgres/history.hpp"

namespace heretix {
namespace {

constexpr const char* kColumnTypes =
    "SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, NULL) AS type FROM pg_class c JOIN "
    "pg_attribute a ON a.attrelid = c.oid WHERE pg_table_is_visible(c.oid) AND c.relkind IN ('r', "
    "'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped";

constexpr std::string_view kColumn = "column ";

bool is_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool names(std::string_view sql, std::string_view word) {
  for (std::size_t at = sql.find(word); at != std::string_view::npos; at = sql.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_identifier(sql[at - 1])) && (end == sql.size() || !is_identifier(sql[end]))) return true;
  }
  return false;
}

// "character varying(64), not null" is "character varying".
std::string_view bare_type(std::string_view definition) { return definition.substr(0, definition.find_first_of(",(")); }

// Types whose values a binary COPY sends in the same form.
std::string_view family(std::string_view type) {
  constexpr std::array kWholeNumbers{"smallint", "integer", "bigint"};
  constexpr std::array kTexts{"text", "character varying", "character", "json"};
  if (std::ranges::find(kWholeNumbers, type) != kWholeNumbers.end()) return "bigint";
  if (std::ranges::find(kTexts, type) != kTexts.end()) return "text";
  return type;
}

}  // namespace

void require_column_types(PostgresDatabase& database, const std::string& name, std::string_view sql) {
  std::map<std::string, std::string, std::less<>> found;
  for (const Row& row : database.query(kColumnTypes)) found[row.required_text("name")] = row.required_text("type");

  const std::string hint = fmt::format(
      "heretix db check --database {} lists what differs; give the column its type back, then export again", name);
  for (const auto& [object, definition] : history().back().catalogue) {
    if (!object.starts_with(kColumn)) continue;
    const std::string_view column = std::string_view(object).substr(kColumn.size());
    const std::size_t dot = column.find('.');
    const std::string_view table = column.substr(0, dot);
    if (!names(sql, table) || !names(sql, column.substr(dot + 1))) continue;

    // The server itself names a table that is missing.
    const auto of_table = found.lower_bound(column.substr(0, dot + 1));
    if (of_table == found.end() || !of_table->first.starts_with(column.substr(0, dot + 1))) continue;

    const std::string_view expected = bare_type(definition);
    const auto type = found.find(column);
    if (type == found.end())
      throw Error(ErrorKind::bad_input, fmt::format("{}: the column {} is missing", name, column), hint);
    if (family(type->second) != family(expected))
      throw Error(
          ErrorKind::bad_input,
          fmt::format("{}: the column {} is {}, but this program reads it as {}", name, column, type->second, expected),
          hint);
  }
}

}  // namespace heretix
