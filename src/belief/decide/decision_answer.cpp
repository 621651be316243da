#include "belief/decide/decision_answer.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "belief/stats/belief_v2.hpp"

namespace heretix {
namespace {

constexpr double kProbabilitySteps = 1e4;  // four decimals
constexpr double kFinerSteps = 1e6;        // where many options share the whole
constexpr std::size_t kManyOptions = 10;
constexpr double kLeast = 1e-6;  // as every estimate clamps

double rounded(double number, double steps) { return std::round(number * steps) / steps; }

double steps_of(std::size_t options) { return options > kManyOptions ? kFinerSteps : kProbabilitySteps; }

BeliefV2 belief_over(const std::vector<double>& numbers) {
  std::vector<std::vector<NumberRead>> groups;
  for (const double number : numbers) groups.push_back({read_as_it_is(Probability{std::clamp(number, 0.0, 1.0)})});
  return belief_v2(groups, {.rounding = KnownRounding{}});
}

double logit(double p) {
  const double held = std::clamp(p, kLeast, 1 - kLeast);
  return std::log(held / (1 - held));
}
double from_logit(double l) { return 1 / (1 + std::exp(-l)); }

// An interval around `from`, moved in log-odds so that it lies around `to` in the same way.
Ends moved(const Interval& interval, double from, double to) {
  const double shift = logit(to) - logit(from);
  return {.low = std::min(to, from_logit(logit(interval.low.value()) + shift)),
          .high = std::max(to, from_logit(logit(interval.high.value()) + shift))};
}

Ends outwards(Ends ends, double steps) {
  return {.low = std::floor(ends.low * steps) / steps, .high = std::ceil(ends.high * steps) / steps};
}

double expected_level(const std::vector<double>& p) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += static_cast<double>(i) * p[i];
  return sum;
}

void add_score(DecisionAnswer& answer, const std::vector<std::vector<double>>& shares) {
  const auto top = static_cast<double>(answer.probabilities.size() - 1);
  answer.score = rounded(expected_level(answer.probabilities), kProbabilitySteps);

  std::vector<double> levels;
  for (const std::vector<double>& wording : shares) {
    double sum = 0;
    for (const double share : wording) sum += share;
    levels.push_back(expected_level(wording) / (sum * top));
  }
  const BeliefV2 belief = belief_over(levels);
  if (!belief.interval()) return;
  const Ends found = moved(*belief.interval(), belief.p().value(), answer.score / top);
  answer.score_ends = outwards({.low = found.low * top, .high = found.high * top}, kProbabilitySteps);
}

// Where each option of the one question stands in the other.
std::vector<std::size_t> places_in(const DecisionQuestion& canonical, const DecisionQuestion& given) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < given.options.size(); ++i) {
    if (given.kind == DecisionKind::score) {
      places.push_back(i);
      continue;
    }
    const auto found = std::ranges::lower_bound(canonical.options, given.options[i].name, {}, &DecisionOption::name);
    places.push_back(static_cast<std::size_t>(found - canonical.options.begin()));
  }
  return places;
}

nlohmann::json ends_json(const Ends& ends) { return nlohmann::json::array({ends.low, ends.high}); }
Ends ends_from(const nlohmann::json& stored) { return {.low = stored.at(0), .high = stored.at(1)}; }

}  // namespace

double rounded_probability(double p) { return rounded(p, kProbabilitySteps); }

double choice_confidence(const std::vector<double>& p) {
  const double even = 1.0 / static_cast<double>(p.size());
  return std::clamp((std::ranges::max(p) - even) / (1 - even), 0.0, 1.0);
}

double score_confidence(const std::vector<double>& p) {
  const auto mode = static_cast<double>(std::ranges::max_element(p) - p.begin());
  const double middle = static_cast<double>(p.size() - 1) / 2;
  double spread = 0, of_uniform = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    spread += p[i] * std::abs(static_cast<double>(i) - mode);
    of_uniform += std::abs(static_cast<double>(i) - middle) / static_cast<double>(p.size());
  }
  return std::clamp(1 - spread / of_uniform, 0.0, 1.0);
}

DecisionAnswer decide(const DecisionQuestion& question, const std::vector<std::vector<double>>& shares) {
  const std::size_t options = question.options.size();
  const double steps = steps_of(options);
  DecisionAnswer answer{.kind = question.kind, .wordings = shares.size(), .record = {}};

  std::vector<double> centres;
  std::vector<std::optional<Interval>> intervals;
  for (std::size_t k = 0; k < options; ++k) {
    std::vector<double> of_option;
    for (const std::vector<double>& wording : shares) of_option.push_back(wording.at(k));
    const BeliefV2 belief = belief_over(of_option);
    centres.push_back(belief.p().value());
    intervals.push_back(belief.interval());
  }

  double sum = 0;
  for (const double centre : centres) sum += centre;
  for (std::size_t k = 0; k < options; ++k) {
    answer.probabilities.push_back(rounded(centres[k] / sum, steps));
    if (intervals[k]) answer.ends.push_back(outwards(moved(*intervals[k], centres[k], answer.probabilities[k]), steps));
  }

  // The likeliest; of several the one whose name comes first, so that the order of the request does not matter.
  for (std::size_t k = 1; k < options; ++k) {
    const double p = answer.probabilities[k], best = answer.probabilities[answer.chosen];
    if (p > best || (p == best && question.options[k].name < question.options[answer.chosen].name)) answer.chosen = k;
  }
  if (question.kind == DecisionKind::score) add_score(answer, shares);
  const double confidence = question.kind == DecisionKind::score ? score_confidence(answer.probabilities)
                                                                 : choice_confidence(answer.probabilities);
  answer.confidence = rounded(confidence, kProbabilitySteps);
  return answer;
}

nlohmann::ordered_json to_json(const DecisionAnswer& answer, const DecisionQuestion& question) {
  using Json = nlohmann::ordered_json;
  Json out = {{"type", std::string(to_word(answer.kind))}};
  if (answer.kind == DecisionKind::noul) {
    out["noul"] = answer.noul;
    if (answer.noul_ends) {
      out["x_low"] = answer.noul_ends->low;
      out["x_high"] = answer.noul_ends->high;
    }
  } else {
    Json probabilities = Json::object(), low = Json::object(), high = Json::object(), legend = Json::object();
    const std::vector<std::size_t> places = places_in(canonical_question(question), question);
    for (std::size_t i = 0; i < question.options.size(); ++i) {
      const std::string& name = question.options[i].name;
      const std::size_t k = places[i];
      probabilities[name] = answer.probabilities.at(k);
      legend[name] = question.options[i].description;
      if (answer.ends.empty()) continue;
      low[name] = answer.ends.at(k).low;
      high[name] = answer.ends.at(k).high;
    }

    if (answer.kind == DecisionKind::choice)
      out["choice"] = canonical_question(question).options.at(answer.chosen).name;
    else out["score"] = answer.score;

    out["confidence"] = answer.confidence;
    if (answer.kind == DecisionKind::score) out["legend"] = std::move(legend);
    out["probabilities"] = std::move(probabilities);

    if (answer.kind == DecisionKind::choice && !answer.ends.empty()) {
      out["x_low"] = std::move(low);
      out["x_high"] = std::move(high);
    }
    if (answer.score_ends) {
      out["x_low"] = answer.score_ends->low;
      out["x_high"] = answer.score_ends->high;
    }
  }

  out["x_wordings"] = answer.wordings;
  if (answer.yes_bias) out["x_yes_bias"] = *answer.yes_bias;
  out["x_record"] = answer.record;
  return out;
}

nlohmann::json stored_json(const DecisionAnswer& answer) {
  nlohmann::json out = {{"type", to_word(answer.kind)},
                        {"wordings", answer.wordings},
                        {"record", answer.record},
                        {"asked", answer.asked},
                        {"probabilities", answer.probabilities},
                        {"confidence", answer.confidence},
                        {"chosen", answer.chosen},
                        {"score", answer.score},
                        {"input_tokens", answer.input_tokens},
                        {"output_tokens", answer.output_tokens}};
  out["ends"] = nlohmann::json::array();
  for (const Ends& ends : answer.ends) out["ends"].push_back(ends_json(ends));
  if (answer.score_ends) out["score_ends"] = ends_json(*answer.score_ends);
  if (answer.kind != DecisionKind::noul) return out;
  out["noul"] = answer.noul;
  if (answer.noul_ends) out["noul_ends"] = ends_json(*answer.noul_ends);
  if (answer.yes_bias) out["yes_bias"] = *answer.yes_bias;
  return out;
}

DecisionAnswer decision_answer_from(const nlohmann::json& stored) {
  DecisionAnswer answer;
  const std::string type = stored.at("type");
  for (const DecisionKind kind : {DecisionKind::noul, DecisionKind::choice, DecisionKind::score}) {
    if (type == to_word(kind)) answer.kind = kind;
  }
  answer.wordings = stored.at("wordings");
  answer.record = stored.at("record");
  answer.asked = stored.at("asked");
  answer.probabilities = stored.at("probabilities").get<std::vector<double>>();
  answer.confidence = stored.at("confidence");
  answer.chosen = stored.at("chosen");
  answer.score = stored.at("score");
  answer.input_tokens = stored.at("input_tokens");
  answer.output_tokens = stored.at("output_tokens");
  for (const nlohmann::json& ends : stored.at("ends")) answer.ends.push_back(ends_from(ends));
  if (stored.contains("score_ends")) answer.score_ends = ends_from(stored["score_ends"]);
  if (answer.kind != DecisionKind::noul) return answer;
  answer.noul = stored.at("noul");
  if (stored.contains("noul_ends")) answer.noul_ends = ends_from(stored["noul_ends"]);
  if (stored.contains("yes_bias")) answer.yes_bias = stored["yes_bias"].get<double>();
  return answer;
}

}  // namespace heretix
