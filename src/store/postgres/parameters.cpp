#include "store/postgres/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_map>

namespace heretix {
namespace {

constexpr std::string_view kLater = "later(";

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The end of a piece of SQL that starts at `at` and holds no parameter: a string, a quoted name, a comment, a cast. It
// is `at` itself if no such piece starts there.
std::size_t end_of_opaque(std::string_view sql, std::size_t at) {
  const auto behind = [&](std::string_view mark, std::size_t from) {
    const std::size_t found = sql.find(mark, from);
    return found == std::string_view::npos ? sql.size() : found + mark.size();
  };
  const std::string_view rest = sql.substr(at);
  if (rest.starts_with("::")) return at + 2;
  if (rest.starts_with("--")) return behind("\n", at);
  if (rest.starts_with("/*")) return behind("*/", at + 2);
  if (rest.starts_with("'")) return behind("'", at + 1);
  if (rest.starts_with("\"")) return behind("\"", at + 1);
  return at;
}

std::string text_of(const Binding& binding) {
  if (const auto* i = std::get_if<std::int64_t>(&binding.value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&binding.value)) return fmt::format("{}", *d);
  const std::string& text = std::get<std::string>(binding.value);
  if (!binding.is_bytes && text.find('\0') != std::string::npos)
    throw Error(ErrorKind::bad_input,
                fmt::format("{} contains a NUL byte, which Postgres text cannot hold", binding.name));
  return text;
}

}  // namespace

NumberedSql number_parameters(std::string_view sql) {
  NumberedSql numbered;
  std::unordered_map<std::string, std::size_t> numbers;
  std::size_t at = 0;

  while (at < sql.size()) {
    const std::size_t opaque = end_of_opaque(sql, at);
    std::size_t end = at + 1;

    // The parenthesis that closes later( in the text closes make_interval( too.
    if (opaque == at && sql.substr(at).starts_with(kLater) && (at == 0 || !is_name(sql[at - 1]))) {
      numbered.sql += "now() + make_interval(secs => ";
      at += kLater.size();
      continue;
    }

    if (opaque == at && sql[at] == ':') {
      while (end < sql.size() && is_name(sql[end])) ++end;
    }

    if (opaque > at || end == at + 1) {
      end = std::max(opaque, end);
      numbered.sql += sql.substr(at, end - at);
    } else {
      const std::string name(sql.substr(at, end - at));
      const auto [known, is_new] = numbers.try_emplace(name, numbered.names.size() + 1);
      numbered.sql += "$" + std::to_string(known->second);
      if (is_new) numbered.names.push_back(name);
    }

    at = end;
  }

  return numbered;
}

WireParameters::WireParameters(const std::vector<std::string>& names, const Bindings& bindings) {
  std::size_t values_place = 0;
  for (const std::string& name : names) {
    const auto hint = bindings.begin() + static_cast<std::ptrdiff_t>(std::min(values_place++, bindings.size()));
    const bool in_order = hint != bindings.end() && hint->name == name;  // long statements bind in their own order
    const auto found = in_order ? hint : std::ranges::find(bindings, std::string_view(name), &Binding::name);
    if (found == bindings.end()) throw Error(ErrorKind::broken, fmt::format("no value is bound to {}", name));
    const bool is_null = std::holds_alternative<std::monostate>(found->value);
    texts.push_back(is_null ? "" : text_of(*found));
    nulls.push_back(is_null);
    lengths.push_back(static_cast<int>(texts.back().size()));
    formats.push_back(found->is_bytes ? 1 : 0);
  }
  for (std::size_t i = 0; i < texts.size(); ++i) values.push_back(nulls[i] ? nullptr : texts[i].c_str());
}

}  // namespace heretix
