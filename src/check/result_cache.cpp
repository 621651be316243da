#include "check/result_cache.hpp"

#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "base/sha256.hpp"
#include "judge/gates.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kFind =
    "UPDATE result_cache SET last_used_at = now() WHERE result_key = :key AND created_at > later(:ago) RETURNING "
    "run_id, "
    "payload";
constexpr std::string_view kKeep =
    "INSERT INTO result_cache (id, result_key, run_id, env, payload, created_at, last_used_at) VALUES (:id, :key, "
    ":run, "
    ":env, :payload, now(), now()) ON CONFLICT (result_key) DO UPDATE SET run_id = excluded.run_id, env = "
    "excluded.env, "
    "payload = excluded.payload, created_at = now(), last_used_at = now()";

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
  if (s.ladder) key["ladder"] = {{"rungs", s.ladder->rungs}, {"target", s.ladder->target}};
  return sha256_hex(key.dump());
}

std::optional<CachedResult> ResultCache::find(const std::string& key, std::chrono::seconds life) {
  const auto rows = database_.query(kFind, {{":key", key}, {":ago", -static_cast<double>(life.count())}});
  if (rows.empty()) return std::nullopt;
  // Postgres keeps the document, not its spelling.
  return CachedResult{rows[0].text_or_empty("run_id"), json::parse(rows[0].text_or_empty("payload")).dump()};
}

void ResultCache::keep(const std::string& key, const std::string& run_id, const std::string& env,
                       const Record& record) {
  database_.execute(
      kKeep,
      {{":id", new_uuid()}, {":key", key}, {":run", run_id}, {":env", env}, {":payload", to_json(record).dump()}});
}

}  // namespace heretix
