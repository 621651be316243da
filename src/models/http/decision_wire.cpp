#include "models/http/decision_wire.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestType = 60;  // of an unknown answer, as it is shown

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string skipped(const json& answer) {
  const std::string type = text_of(answer, "type");
  if (type.empty()) return "skipped an answer without a type: it states no probability that could be read";
  return fmt::format(
      "skipped an answer of the type '{}', which was not asked for: it states no probability of the "
      "statement",
      shortened(on_one_line(type), kLongestType));
}

}  // namespace

Stated stated_by(const json& answer, std::string_view type) {
  if (answer.is_null()) return {};
  if (!answer.is_object()) return {.text = dumped(answer), .notice = skipped(answer)};

  // `confidence` means something else at every service, so nobody is to read it from what is kept.
  json kept = answer;
  kept.erase("confidence");
  Stated stated{.text = dumped(kept)};
  if (text_of(answer, "type") != type) stated.notice = skipped(answer);
  return stated;
}

std::vector<Stated> stated_by_id(const json& answers, std::string_view type, std::span<const Statement> statements) {
  std::vector<Stated> stated;
  stated.reserve(statements.size());
  for (const Statement& statement : statements) stated.push_back(stated_by(member(answers, statement.id), type));
  return stated;
}

}  // namespace heretix
