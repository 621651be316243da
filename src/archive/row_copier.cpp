#include "archive/row_copier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kBatchRows = 500;  // times the columns, this stays below the 65,535 parameters of a statement

std::optional<std::int64_t> whole(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  if (const auto* d = std::get_if<double>(&value)) {
    if (*d >= -9.0e18 && *d <= 9.0e18 && static_cast<double>(static_cast<std::int64_t>(*d)) == *d)
      return static_cast<std::int64_t>(*d);
    return std::nullopt;
  }
  const std::string& text = std::get<std::string>(value);
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<double> real(const Value& value) {
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
  return std::nullopt;
}

std::optional<std::string> plain_text(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return fmt::format("{}", *d);
  const std::string& text = std::get<std::string>(value);
  if (first_invalid_utf8(text) || text.find('\0') != std::string::npos) return std::nullopt;
  return text;
}

template <class T>
std::optional<Value> wrapped(const std::optional<T>& converted) {
  return converted ? std::optional(Value(*converted)) : std::nullopt;
}

// Empty if the value cannot take that form.
std::optional<Value> brought_to(ColumnKind kind, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return value;
  switch (kind) {
    case ColumnKind::integer:
    case ColumnKind::bits:
    case ColumnKind::truth: return wrapped(whole(value));
    case ColumnKind::real: return wrapped(real(value));
    case ColumnKind::text: return wrapped(plain_text(value));
    case ColumnKind::bytes: return value;
  }
  return std::nullopt;
}

std::string plain_text_or(const Value& value, const char* otherwise) {
  const auto text = std::holds_alternative<std::monostate>(value) ? std::nullopt : plain_text(value);
  return text.value_or(otherwise);
}

}  // namespace

RowCopier::RowCopier(Database& target, CopiedTable table, ImportReport& report)
    : target_(target), table_(std::move(table)), report_(report), count_{.table = table_.name} {}

std::string RowCopier::key_of(const CopiedRow& row) const {
  std::string key;
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    if (std::ranges::find(table_.keys, table_.columns[i].name) == table_.keys.end()) continue;
    key += (key.empty() ? "" : " ") + plain_text_or(row[i], "no key");
  }
  return key;
}

void RowCopier::problem(const CopiedRow& row, const std::string& what) {
  report_.problems.push_back(fmt::format("{} {}: {}", table_.name, on_one_line(shortened(key_of(row), 80)), what));
}

void RowCopier::add(const Row& row) {
  CopiedRow copied;
  std::string unfit;
  for (const CopiedColumn& column : table_.columns) {
    // An older file lacks the columns that a later schema added.
    const auto value = brought_to(column.kind, row.has(column.name) ? row.value(column.name) : Value{});
    if (!value) unfit += (unfit.empty() ? "" : ", ") + column.name;
    copied.push_back(value.value_or(Value{}));
  }
  if (!unfit.empty()) {
    problem(copied, fmt::format("left out: the value of {} does not fit its column", unfit));
    return;
  }
  pending_.push_back(std::move(copied));
  if (pending_.size() == kBatchRows) flush();
}

void RowCopier::flush() {
  if (!pending_.empty()) write(std::exchange(pending_, {}));
}

std::int64_t RowCopier::insert(const std::vector<CopiedRow>& rows) {
  std::vector<std::string> names;
  names.reserve(rows.size() * table_.columns.size());
  Bindings bindings;
  std::string columns, values;
  for (const CopiedColumn& column : table_.columns) columns += (columns.empty() ? "" : ", ") + column.in_sql();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    values += r == 0 ? "(" : ", (";
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      names.push_back(fmt::format(":v{}_{}", r, c));
      values += (c == 0 ? "" : ", ") + names.back();
      bindings.push_back({names.back(), rows[r][c], table_.columns[c].kind == ColumnKind::bytes});
    }
    values += table_.more_values + ")";
  }
  return target_.execute(fmt::format("INSERT INTO {} ({}{}) VALUES {} ON CONFLICT DO NOTHING", table_.name, columns,
                                     table_.more_columns, values),
                         bindings);
}

// If one row of a batch is refused, each row is sent alone, so that only the refused one is left out.
void RowCopier::write(const std::vector<CopiedRow>& rows) {
  std::int64_t added = 0;
  try {
    in_transaction(target_, [&] { added = insert(rows); },
                   {.unheard = UnheardCommit::is_done_again});  // running it again adds nothing twice
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::bad_input && e.kind() != ErrorKind::conflict) throw;
    if (rows.size() == 1) {
      problem(rows[0], fmt::format("left out: {}", e.what()));
      return;
    }
    for (const CopiedRow& row : rows) write({row});
    return;
  }
  compare(rows, static_cast<std::size_t>(added));
}

std::map<std::string, CopiedRow> RowCopier::read_back(const std::vector<CopiedRow>& rows) {
  const auto place = std::ranges::find(table_.columns, table_.keys[0], &CopiedColumn::name) - table_.columns.begin();

  std::string columns, wanted;
  for (const CopiedColumn& column : table_.columns) {
    columns += (columns.empty() ? "" : ", ") +
               (column.read.empty() ? column.in_sql() : fmt::format("{} AS {}", column.read, column.in_sql()));
  }

  std::vector<std::string> names;
  names.reserve(rows.size());
  Bindings bindings;
  for (const CopiedRow& row : rows) {
    names.push_back(fmt::format(":k{}", names.size()));
    wanted += (wanted.empty() ? "" : ", ") + names.back();
    bindings.push_back({names.back(), row[static_cast<std::size_t>(place)]});
  }

  std::map<std::string, CopiedRow> found;
  for (const Row& row : target_.query(
           fmt::format("SELECT {} FROM {} WHERE {} IN ({})", columns, table_.name, table_.keys[0], wanted), bindings)) {
    CopiedRow read;
    for (const CopiedColumn& column : table_.columns) read.push_back(row.value(column.name));
    found.emplace(key_of(read), std::move(read));
  }
  return found;
}

std::string RowCopier::differing_columns(const CopiedRow& row, const CopiedRow& there) const {
  std::string different;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!are_same(row[i], there[i])) different += (different.empty() ? "" : ", ") + table_.columns[i].name;
  }
  return different;
}

Row RowCopier::as_row(const CopiedRow& row) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < row.size(); ++i) names.push_back(table_.columns[i].name);
  return {std::make_shared<const std::vector<std::string>>(std::move(names)), row};
}

void RowCopier::compare(const std::vector<CopiedRow>& rows, std::size_t added) {
  const std::map<std::string, CopiedRow> found = read_back(rows);
  std::size_t there = 0;
  for (const CopiedRow& row : rows) {
    const auto stored = found.find(key_of(row));
    if (stored == found.end()) {
      problem(row, "not found when it was read back");
      continue;
    }
    ++there;
    const std::string different = differing_columns(row, stored->second);
    if (different.empty() || (table_.is_kept_elsewhere && table_.is_kept_elsewhere(as_row(row)))) continue;
    problem(row, fmt::format("another row is there, different in {}; it was left as it is", different));
  }
  count_.added += added;
  count_.already += there - std::min(there, added);
}

}  // namespace heretix
