#include "store/database.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "base/error.hpp"

namespace heretix {

const Value& Row::value(std::string_view column) const {
  const auto found = values_.find(column);
  if (found == values_.end()) throw Error(ErrorKind::broken, fmt::format("the database gave no column {}", column));
  return found->second;
}

std::optional<std::int64_t> Row::integer(std::string_view column) const {
  const Value& v = value(column);
  if (const auto* i = std::get_if<std::int64_t>(&v)) return *i;
  if (const auto* d = std::get_if<double>(&v); d && std::abs(*d) < 9.2e18) return static_cast<std::int64_t>(*d);
  if (const auto* s = std::get_if<std::string>(&v))
    return static_cast<std::int64_t>(std::strtoull(s->c_str(), nullptr, 10));
  return std::nullopt;
}

std::optional<double> Row::real(std::string_view column) const {
  const Value& v = value(column);
  if (const auto* d = std::get_if<double>(&v)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&v)) return static_cast<double>(*i);
  return std::nullopt;
}

std::optional<std::string> Row::text(std::string_view column) const {
  const Value& v = value(column);
  if (const auto* s = std::get_if<std::string>(&v)) return *s;
  if (const auto* i = std::get_if<std::int64_t>(&v)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&v)) return fmt::format("{}", *d);
  return std::nullopt;
}

}  // namespace heretix
