#include "service/checks/check_job.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "belief/plan/limits.hpp"
#include "belief/record/stored_config.hpp"

namespace heretix {

using nlohmann::json;

std::string to_json_text(const CheckJob& job, const Plan& plan, const std::string& bank_content_sha256) {
  json text = {{"model", job.model},
               {"bank", job.request.bank},
               {"fresh", job.request.fresh},
               {"config", config_json(plan, bank_content_sha256, job.request.seed)},
               {"result_key", job.result_key},
               {"most_micro_usd", job.most_micro_usd},
               {"depth", job.depth}};
  return text.dump();
}

namespace {

// A number outside the range of its type would silently be read as a different one, so it is refused here.
int number_at(const json& text, const char* field, int most) {
  const json& value = text.at(field);
  const bool is_whole = value.is_number_integer();
  const bool fits = is_whole && value >= 1 && value <= most;
  if (fits) return value.get<int>();
  throw Error(ErrorKind::broken, fmt::format("a check's job is damaged: {} is {}; it must be from 1 to {}", field,
                                             shortened(value.dump(), 40), most));
}

}  // namespace

namespace {

// Of a job that an earlier build enqueued, which holds the request alone.
CheckRequest request_from(const json& text) {
  CheckRequest r{.claim = text.at("claim"), .bank = text.at("bank"), .sampling = {}};
  r.sampling.slots = number_at(text, "K", kMaxSlots);
  r.sampling.replicates = number_at(text, "R", kMaxReplicates);
  r.sampling.draws = number_at(text, "B", kMaxDraws);
  r.readout = readout_from(text.at("readout").get<std::string>());
  r.samples = number_at(text, "samples", kMaxSamples);

  r.asks_negation = text.value("negation", true);  // the earliest jobs have neither
  if (text.contains("together")) r.together = number_at(text, "together", kMaxTogether);

  r.fresh = text.at("fresh");
  if (text.contains("T")) r.sampling.templates = number_at(text, "T", kMaxSlots);
  if (text.contains("ladder")) r.sampling.ladder = ladder_from(text["ladder"]);
  if (text.contains("seed")) r.seed = text["seed"].get<std::uint64_t>();
  if (r.seed) r.seed_source = SeedSource::given;
  return r;
}

}  // namespace

CheckJob check_job_from(const std::string& json_text) {
  try {
    const json text = json::parse(json_text);
    CheckJob job{.model = text.at("model"), .request = {}};
    if (const auto config = text.find("config"); config != text.end()) {
      StoredConfig stored = read_config(config->dump());
      require_measurable(stored.recipe.sampling, stored.recipe.readout(), 1);
      job.request = request_of(stored.recipe, text.at("bank"), stored.seed, text.at("fresh"));
      job.accepted =
          AcceptedPlan{.recipe = std::move(stored.recipe), .bank_content_sha256 = config->at("prompt_content_sha256")};
    } else {
      job.request = request_from(text);
    }

    job.result_key = text.at("result_key");
    job.most_micro_usd = text.at("most_micro_usd");
    job.depth = text.value("depth", "");
    return job;
  } catch (const json::exception& e) {
    throw Error(ErrorKind::broken, fmt::format("a check's job is damaged: {}", e.what()));
  } catch (const Error& e) {
    throw Error(ErrorKind::broken, fmt::format("a check's job is damaged: {}", e.what()), e.hint());
  }
}

bool is_mock_job(const std::string& json_text) {
  const json text = json::parse(json_text, nullptr, false);
  const json* config = text.is_object() && text.contains("config") ? &text["config"] : nullptr;
  return config != nullptr && config->is_object() && is_mock_mode(config->value("mode", ""));
}

void require_as_accepted(const CheckJob& job, const PlannedCheck& planned) {
  if (!job.accepted) return;
  const ModelName& model = planned.plan.recipe.model;
  if (model != job.accepted->recipe.model)
    throw Error(ErrorKind::not_found,
                fmt::format("the check was accepted for {}; behind the name {} there is now {}",
                            job.accepted->recipe.model, job.model, model),
                "ask again");
  if (content_sha256(planned.bank) != job.accepted->bank_content_sha256)
    throw Error(
        ErrorKind::not_found,
        fmt::format("the wordings of {} have changed since the check was accepted", planned.plan.prompt_version),
        "ask again");
}

}  // namespace heretix
