#include "cli/demo_recordings.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// One answer: a number, which stands for an answer with that number, or what was said word for word.
json rule_of(const std::string& claim, const json& answer) {
  json rule = {{"user_contains", claim}};
  rule[answer.is_string() ? "text" : "prob_true"] = answer;
  return rule;
}

// The answers to a claim by wording; a single one stands for all wordings.
std::vector<json> rules_of(const std::string& claim, const json& answers) {
  if (!answers.is_array()) return {rule_of(claim, answers)};
  std::vector<json> rules;
  for (std::size_t wording = 0; wording < answers.size(); ++wording) {
    rules.push_back(rule_of(claim, answers[wording]));
    rules.back()["paraphrase_idx"] = wording;
  }
  return rules;
}

// One rule on a line, because people read these files.
std::string script_of(const json& model) {
  std::string rules;
  for (const auto& [claim, answers] : model.at("answers").items()) {
    for (const json& rule : rules_of(claim, answers))
      rules += fmt::format("{}\n  {}", rules.empty() ? "" : ",", rule.dump());
  }
  return fmt::format("{{\"model\": {},\n \"rules\": [{}]}}\n", model.at("name").dump(), rules);
}

DemoRecordings read_recordings(const json& root) {
  DemoRecordings demo{.recorded = root.at("recorded"),
                      .models = {},
                      .claims = {},
                      .flips = root.at("flips"),
                      .compared = root.at("compare").at("claim"),
                      .compared_a = root.at("compare").at("a"),
                      .compared_b = root.at("compare").at("b"),
                      .related = root.at("coherence").at("claim"),
                      .negation = root.at("coherence").at("negation"),
                      .related_model = root.at("coherence").at("model"),
                      .watched = root.at("drift").at("claim"),
                      .watched_before = root.at("drift").at("before"),
                      .watched_now = root.at("drift").at("now")};

  for (const auto& [key, model] : root.at("models").items())
    demo.models[key] = {.name = model.at("name"), .kind = model.at("kind"), .script = script_of(model)};
  for (const json& claim : root.at("claims"))
    demo.claims.push_back({.finding = claim.at("finding"), .model = claim.at("model"), .claim = claim.at("claim")});

  return demo;
}

void require_known_models(const DemoRecordings& demo, const std::string& source) {
  std::vector<std::string> used = {demo.compared_a, demo.compared_b, demo.related_model, demo.watched_before,
                                   demo.watched_now};
  for (const DemoClaim& claim : demo.claims) used.push_back(claim.model);
  for (const std::string& model : used) {
    if (!demo.models.contains(model))
      throw Error(ErrorKind::bad_input, fmt::format("{}: there is no model '{}'", source, model),
                  "name one of its \"models\"");
  }
}

}  // namespace

DemoRecordings demo_recordings(std::string_view text, const std::string& source) {
  try {
    const json root = json::parse(text);
    if (root.at("format") != "heretix_demo" || root.at("version") != 1)
      throw Error(ErrorKind::bad_input, fmt::format("{} is not a recording of format heretix_demo 1", source),
                  "docs/demo.md describes the format");
    DemoRecordings demo = read_recordings(root);
    require_known_models(demo, source);
    return demo;
  } catch (const json::exception& e) {
    throw Error(ErrorKind::bad_input, fmt::format("{}: {}", source, e.what()), "docs/demo.md describes the format");
  }
}

}  // namespace heretix
