#include "service/checks/result_cache.hpp"

#include <nlohmann/json.hpp>

#include "base/sha256.hpp"
#include "belief/judge/gates.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// A user's measured checks are in an index by claim; checks that were answered from the cache are not searched.
constexpr std::string_view kFindOfUser =
    "SELECT c.id, q.execution_id, json(r.record) -> 'belief_v2' AS belief FROM checks c JOIN check_requests q ON "
    "q.check_id = c.id JOIN check_records r ON "
    "r.execution_id = q.execution_id WHERE c.user_id = :owner AND c.claim_hash = :hash AND NOT c.was_cached AND "
    "q.result_key = :key AND r.measured_at > later(:ago) ORDER BY r.measured_at DESC LIMIT 1";
constexpr std::string_view kFindOfVisitor =
    "SELECT q.check_id AS id, q.execution_id, json(r.record) -> 'belief_v2' AS belief FROM check_requests q JOIN "
    "check_records r ON r.execution_id = "
    "q.execution_id WHERE q.visitor_id = :owner AND q.result_key = :key AND r.measured_at > later(:ago) ORDER BY "
    "r.measured_at DESC LIMIT 1";
constexpr std::string_view kFindShared =
    "SELECT q.check_id AS id, q.execution_id, json(r.record) -> 'belief_v2' AS belief FROM check_requests q JOIN "
    "check_records r ON r.execution_id = "
    "q.execution_id WHERE q.share_id IS NOT NULL AND q.result_key = :key AND r.measured_at > later(:ago) ORDER BY "
    "r.measured_at DESC LIMIT 1";

}  // namespace

std::string result_key(const CheckRequest& request, const Plan& plan, const PromptBank& bank) {
  const Sampling& s = plan.recipe.sampling;
  json key = {{"format", 1},
              {"claim", plan.recipe.claim.text},
              {"model", plan.recipe.model},
              {"mode", plan.recipe.mode.recipe_text()},
              {"prompt_version", plan.prompt_version},
              {"prompt_bank_sha256", plan.bank_sha256},
              {"bank_content_sha256", content_sha256(bank)},  // with the schema's text
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

std::optional<CachedResult> ResultCache::find(const std::string& key, const std::string& claim_hash,
                                              const CheckOwner& asker, std::chrono::seconds life) {
  const Value ago = -static_cast<double>(life.count());
  std::vector<Query> queries;
  if (const auto* user = std::get_if<UserId>(&asker))
    queries.push_back(
        {std::string(kFindOfUser), {{":owner", *user}, {":hash", claim_hash}, {":key", key}, {":ago", ago}}});
  else queries.push_back({std::string(kFindOfVisitor), {{":owner", text_of(asker)}, {":key", key}, {":ago", ago}}});
  queries.push_back({std::string(kFindShared), {{":key", key}, {":ago", ago}}});

  for (const std::vector<Row>& rows : database_.query_all(queries)) {
    if (!rows.empty())
      return CachedResult{rows[0].id<CheckId>("id"), rows[0].id<ExecutionId>("execution_id"), rows[0].text("belief")};
  }
  return std::nullopt;
}

}  // namespace heretix
