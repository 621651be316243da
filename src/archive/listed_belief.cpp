#include "archive/listed_belief.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "archive/load_record.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// Another program keeps a sample for each answer, by the wording that was asked.
std::optional<ShownBelief> of_samples(RunStore& runs, const RunId& run) {
  std::map<std::string, std::vector<NumberRead>> by_prompt;
  for (const Row& sample : runs.samples_of(run)) {
    const auto p = sample.real("prob_true");
    const auto prompt = sample.text("prompt_sha256");
    if (sample.integer("json_valid") != 1 || !prompt || !p || !(*p >= 0 && *p <= 1)) continue;
    by_prompt[*prompt].push_back(read_as_shortest(Probability{*p}));
  }
  if (by_prompt.empty()) return std::nullopt;

  std::vector<std::vector<NumberRead>> groups;
  for (auto& [prompt, numbers] : by_prompt) groups.push_back(std::move(numbers));
  return shown(belief_v2(groups, {}));
}

}  // namespace

std::optional<ShownBelief> listed_belief(RunStore& runs, const Row& run) {
  if (run.has("status") || !run.real("prob_true_rpl")) return std::nullopt;
  if (const auto belief = run.has("belief") ? run.text("belief") : std::nullopt)
    return shown_belief_from(json::parse(*belief));

  const RunId id = run.id<RunId>("run_id");
  const auto execution = runs.newest_execution(id);
  if (!execution) return of_samples(runs, id);

  const json record = json::parse(execution->record_text.value_or(""), nullptr, false);
  if (record.is_object() && record.contains("belief_v2")) return shown_belief_from(record["belief_v2"]);
  try {
    return shown(load_record(runs, *execution).belief);
  } catch (const Error&) { return std::nullopt; }
}

}  // namespace heretix
