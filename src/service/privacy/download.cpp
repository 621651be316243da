#include "service/privacy/download.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "service/privacy/personal_data.hpp"
#include "service/privacy/removal.hpp"

namespace heretix {
namespace {

using nlohmann::json;

json json_of(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  return std::visit(
      [](const auto& held) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) return nullptr;
        else return held;
      },
      value);
}

json json_of(const Row& row, const PersonalPlace& place) {
  const auto withheld = split(place.withheld, ' ');
  json told = json::object();
  for (const std::string_view columns : {place.personal, place.other}) {
    for (const std::string_view column : split(columns, ' ')) {
      const bool is_told = row.has(column) && std::ranges::find(withheld, column) == withheld.end();
      if (is_told) told[std::string(column)] = json_of(row.value(column));
    }
  }
  return told;
}

// `seen`: several executions may count one answer, which is given once.
void add_rows(json& rows, std::set<std::string>& seen, Database& database, const PersonalPlace& place,
              const std::string& condition, const Bindings& bindings) {
  const std::string sql = fmt::format("SELECT * FROM {} WHERE {}", place.table, condition);
  for (const Row& row : database.query(sql, named_in(sql, bindings))) {
    json told = json_of(row, place);
    if (seen.insert(told.dump(-1, ' ', false, json::error_handler_t::replace)).second) rows.push_back(std::move(told));
  }
}

}  // namespace

json stored_data_of(Database& service, AnswersPlace& answers, const Secret& secret, const User& user) {
  const Bindings bindings{{":user", user.id}, {":address", secret.hash("address", user.email)}};
  const auto executions = Removal(service, secret).executions_of_user(user);

  json stored = json::object();
  for (const PersonalPlace& place : personal_places()) {
    if (place.withheld == "*" || (place.of_checks.empty() && place.of_user.empty())) continue;
    json& rows = stored[std::string(place.table)] = json::array();
    std::set<std::string> seen;
    const bool is_by_execution = place.of_checks.find(":execution") != std::string_view::npos;
    if (!is_by_execution) {
      // Apart, because Postgres gives a parameter one type, and a user's id is a uuid here and a text there.
      for (const std::string& condition :
           {with_checks(place.of_checks, checks_of_user()), std::string(place.of_user)}) {
        if (!condition.empty()) add_rows(rows, seen, service, place, condition, bindings);
      }
      continue;
    }
    for (const ExecutionId& execution : executions)
      add_rows(rows, seen, place.kept_in == KeptIn::service ? service : answers.runs->database(), place,
               std::string(place.of_checks), {{":execution", execution}});
  }
  return stored;
}

}  // namespace heretix
