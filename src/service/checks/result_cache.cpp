#include "service/checks/result_cache.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/sha256.hpp"
#include "belief/judge/gates.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// A record begins with what lists show, so that the server needs to unpack and send no more of it than that.
constexpr std::string_view kBeginning = "SELECT id, execution_id, substr(record, 1, 1500) AS beginning FROM ({}) found";
// A user's measured checks are in an index by claim; checks that were answered from the cache are not searched.
constexpr std::string_view kOfUser =
    "SELECT c.id, q.execution_id, r.record FROM checks c JOIN check_requests q ON q.check_id = c.id JOIN "
    "check_records r ON r.execution_id = q.execution_id WHERE c.user_id = :owner AND c.claim_hash = :hash AND NOT "
    "c.was_cached AND q.result_key = :key AND r.measured_at > later(:ago) ORDER BY r.measured_at DESC LIMIT 1";
constexpr std::string_view kOfVisitor =
    "SELECT q.check_id AS id, q.execution_id, r.record FROM check_requests q JOIN check_records r ON "
    "r.execution_id = q.execution_id WHERE q.visitor_id = :owner AND q.result_key = :key AND r.measured_at > "
    "later(:ago) ORDER BY r.measured_at DESC LIMIT 1";
constexpr std::string_view kShared =
    "SELECT q.check_id AS id, q.execution_id, r.record FROM check_requests q JOIN check_records r ON "
    "r.execution_id = q.execution_id WHERE q.share_id IS NOT NULL AND q.result_key = :key AND r.measured_at > "
    "later(:ago) ORDER BY r.measured_at DESC LIMIT 1";
constexpr std::string_view kBeliefOfRecord =
    "SELECT json(record) -> 'belief_v2' AS belief FROM check_records WHERE execution_id = :execution";

}  // namespace

std::string result_key(const CheckRequest& request, const Plan& plan, const std::string& bank_content_sha256) {
  const Sampling& s = plan.recipe.sampling;
  json key = {{"format", 1},
              {"claim", plan.recipe.claim.text},
              {"model", plan.recipe.model},
              {"mode", plan.recipe.mode.recipe_text()},
              {"prompt_version", plan.prompt_version},
              {"prompt_bank_sha256", plan.bank_sha256},
              {"bank_content_sha256", bank_content_sha256},  // with the schema's text
              {"K", s.slots},
              {"R", s.replicates},
              {"T", plan.templates_selected()},
              {"B", s.draws},
              {"max_output_tokens", s.max_output_tokens},
              {"seed", request.seed ? json(*request.seed) : json("derived")},
              {"samples", request.samples},
              {"methods", {"logit", "trimmed 0.2", "equal by template", std::string(kQualityVersion)}},
              {"record", kRecordVersion}};
  if (s.ladder)
    key["ladder"] = {{"rungs", s.ladder->rungs}, {"target", s.ladder->target}, {"rule", to_word(s.ladder->rule)}};
  return sha256_hex(key.dump());
}

// Keys and values of JSON have their quotes escaped, so that nothing else reads so; and the object holds no further
// one.
std::optional<std::string> belief_in(std::string_view record) {
  constexpr std::string_view kOpening = "\"belief_v2\":{";
  const std::size_t found = record.find(kOpening);
  if (found == std::string_view::npos) return std::nullopt;
  const std::size_t begin = found + kOpening.size() - 1;
  const std::size_t end = record.find('}', begin);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(record.substr(begin, end + 1 - begin));
}

Query ResultCache::query_for(const ResultSearch& search, const CheckOwner& asker) {
  const Value ago = -static_cast<double>(search.life.count());
  const Value owner = text_of(asker);
  if (std::holds_alternative<VisitorId>(asker))
    return {fmt::format(kBeginning, kOfVisitor), {{":owner", owner}, {":key", search.key}, {":ago", ago}}};
  return {fmt::format(kBeginning, kOfUser),
          {{":owner", owner}, {":hash", search.claim_hash}, {":key", search.key}, {":ago", ago}}};
}

std::optional<CachedResult> ResultCache::found(const std::vector<Row>& rows) {
  if (rows.empty()) return std::nullopt;
  CachedResult result{rows[0].id<CheckId>("id"), rows[0].id<ExecutionId>("execution_id"),
                      belief_in(rows[0].required_text("beginning"))};
  if (result.belief) return result;

  const auto whole = database_.query(kBeliefOfRecord, {{":execution", result.execution_id}});
  if (!whole.empty()) result.belief = whole[0].text("belief");
  return result;
}

std::optional<CachedResult> ResultCache::find(const ResultSearch& search, const CheckOwner& asker) {
  const Value ago = -static_cast<double>(search.life.count());
  const Query shared{fmt::format(kBeginning, kShared), {{":key", search.key}, {":ago", ago}}};
  for (const std::vector<Row>& rows : database_.query_all({query_for(search, asker), shared})) {
    if (!rows.empty()) return found(rows);
  }
  return std::nullopt;
}

}  // namespace heretix
