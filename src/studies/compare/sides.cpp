#include "studies/compare/sides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace heretix {
namespace {

constexpr const char* kHint = "give a run id, or model=NAME, bank=VERSION, on=YYYY-MM-DD, several joined by commas";

bool fits(const Side& side, const ExecutionHead& e) {
  if (!side.is_selector) return e.execution_id.text() == side.text || e.run_id.text() == side.text;
  return (!side.model || e.model == side.model) && (side.bank.empty() || e.prompt_version == side.bank) &&
         (side.day.empty() || utc_day(e.created_at) == side.day);
}

// A store knows a hosted model without its provider, as gpt-5; a person writes openai/gpt-5, as for --model.
Side as_stored(Side side, std::span<const ExecutionHead> done) {
  if (!side.model || std::ranges::any_of(done, [&](const ExecutionHead& e) { return e.model == side.model; }))
    return side;
  const std::string& name = side.model->text();
  const std::size_t slash = name.find('/');
  if (slash != std::string::npos && slash + 1 < name.size()) side.model = ModelName(name.substr(slash + 1));
  return side;
}

// The newest of each claim.
std::map<std::string, ExecutionHead> newest_by_claim(const Side& given, std::span<const ExecutionHead> done) {
  const Side side = as_stored(given, done);
  std::map<std::string, ExecutionHead> found;
  for (const ExecutionHead& e : done) {
    if (!fits(side, e)) continue;
    const auto [place, fresh] = found.try_emplace(e.claim, e);
    if (!fresh && e.created_at >= place->second.created_at) place->second = e;
  }
  return found;
}

}  // namespace

Side parse_side(const std::string& text) {
  Side side{.text = text, .model = {}, .bank = {}, .day = {}};
  if (text.find('=') == std::string::npos) return side;
  side.is_selector = true;
  std::string model;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    std::string* field = key == "model" ? &model : key == "bank" ? &side.bank : key == "on" ? &side.day : nullptr;
    if (field == nullptr || value.empty() || !field->empty())
      throw Error(ErrorKind::bad_input, fmt::format("'{}' of '{}' names nothing to compare", part, text), kHint);
    *field = value;
  }
  if (!model.empty()) side.model = ModelName(model);
  if (!side.day.empty() && !is_day(side.day))
    throw Error(ErrorKind::bad_input, fmt::format("'{}' is not a date", side.day), "write it as YYYY-MM-DD, in UTC");
  return side;
}

std::vector<ExecutionPair> pair_up(const Side& a, const Side& b, std::span<const ExecutionHead> done,
                                   std::span<const std::string> claims) {
  const auto of_a = newest_by_claim(a, done);
  const auto of_b = newest_by_claim(b, done);
  if (!a.is_selector && !b.is_selector && of_a.size() == 1 && of_b.size() == 1)
    return {{of_a.begin()->second.execution_id, of_b.begin()->second.execution_id}};  // of two claims, where asked for
  std::vector<std::pair<long long, ExecutionPair>> pairs;
  for (const auto& [claim, execution] : of_a) {
    const auto other = of_b.find(claim);
    const auto wanted = std::ranges::find(claims, claim);
    if (other == of_b.end() || (!claims.empty() && wanted == claims.end())) continue;
    const long long place = claims.empty() ? std::max(execution.created_at, other->second.created_at)
                                           : static_cast<long long>(wanted - claims.begin());
    pairs.push_back({place, {execution.execution_id, other->second.execution_id}});
  }
  if (pairs.empty())
    throw Error(ErrorKind::not_found,
                fmt::format("no claim was measured on both sides: '{}' has {} claims, '{}' has {}", a.text, of_a.size(),
                            b.text, of_b.size()),
                "measure them first (heretix run, heretix batch); see heretix list");
  std::ranges::stable_sort(pairs, {}, &std::pair<long long, ExecutionPair>::first);
  std::vector<ExecutionPair> ordered;
  for (auto& [place, pair] : pairs) ordered.push_back(std::move(pair));
  return ordered;
}

}  // namespace heretix
