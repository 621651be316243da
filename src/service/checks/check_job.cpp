#include "service/checks/check_job.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace heretix {

using nlohmann::json;

std::string to_json_text(const CheckJob& job) {
  const CheckRequest& r = job.request;
  const Sampling& s = r.sampling;
  json text = {{"model", job.model},
               {"claim", r.claim},
               {"bank", r.bank},
               {"K", s.slots},
               {"R", s.replicates},
               {"B", s.draws},
               {"readout", std::string(to_word(r.readout))},
               {"samples", r.samples},
               {"negation", r.asks_negation},
               {"together", r.together},
               {"fresh", r.fresh},
               {"result_key", job.result_key},
               {"most_micro_usd", job.most_micro_usd}};
  if (s.templates) text["T"] = *s.templates;
  if (s.ladder) text["ladder"] = {{"rungs", s.ladder->rungs}, {"target", s.ladder->target}, {"rule", to_word(s.ladder->rule)}};
  if (r.seed) text["seed"] = *r.seed;
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

CheckJob check_job_from(const std::string& json_text) {
  try {
    const json text = json::parse(json_text);
    CheckJob job{.model = text.at("model"),
                 .request = {.claim = text.at("claim"), .bank = text.at("bank"), .sampling = {}}};

    CheckRequest& r = job.request;
    r.sampling.slots = number_at(text, "K", kMaxSlots);
    r.sampling.replicates = number_at(text, "R", kMaxReplicates);
    r.sampling.draws = number_at(text, "B", kMaxDraws);
    r.readout = readout_from(text.at("readout").get<std::string>());
    r.samples = number_at(text, "samples", kMaxSamples);

    // Jobs that an earlier build enqueued hold neither of these two fields.
    r.asks_negation = text.value("negation", true);  // jobs of earlier builds have neither
    if (text.contains("together")) r.together = number_at(text, "together", kMaxTogether);

    r.fresh = text.at("fresh");
    if (text.contains("T")) r.sampling.templates = number_at(text, "T", kMaxSlots);
    if (text.contains("ladder"))
      r.sampling.ladder = Ladder{text["ladder"].at("rungs").get<std::vector<int>>(), text["ladder"].at("target")};
    if (text.contains("seed")) r.seed = text["seed"].get<std::uint64_t>();
    if (r.seed) r.seed_source = SeedSource::given;

    job.result_key = text.at("result_key");
    job.most_micro_usd = text.at("most_micro_usd");

    return job;
  } catch (const json::exception& e) {
    throw Error(ErrorKind::broken, fmt::format("a check's job is damaged: {}", e.what()));
  }
}

}  // namespace heretix
