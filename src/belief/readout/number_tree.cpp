#include "belief/readout/number_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kEnds = ",} \t\r\n";
constexpr double kGrain = 1e-9;
constexpr double kLogRounding = 1e-6;
constexpr double kMassRounding = 0.01;  // of twenty numbers with two decimals

bool is_all(std::string_view text, std::string_view of) { return text.find_first_not_of(of) == std::string_view::npos; }

// "0", "0.", "0.25", "1", "1.0"; empty: nothing yet.
bool can_be_number(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '0' && text[0] != '1') return false;
  if (text.size() == 1) return true;
  return text[1] == '.' && is_all(text.substr(2), text[0] == '0' ? "0123456789" : "0");
}

bool is_number(std::string_view text) { return can_be_number(text) && !text.empty() && text.back() != '.'; }

double sum_of(const std::map<std::string, double>& masses) {
  double sum = 0;
  for (const auto& [text, mass] : masses) sum += mass;
  return sum;
}

template <class Value>
double mean_of(const NumberSpread& spread, const Value& of_open) {
  double sum = 0;
  for (const auto& [number, mass] : spread.numbers) sum += mass * std::stod(number);
  for (const auto& [begun, mass] : spread.open) sum += mass * of_open(reach_of(begun));
  const double total = sum_of(spread.numbers) + sum_of(spread.open);
  return total > 0 ? std::clamp(sum / total, 0.0, 1.0) : 0.5;
}

TokenChoice choice_of(const json& token) {
  const json& text = token.at("token");
  return {text.get<std::string>(), std::exp(token.at("logprob").get<double>())};
}

}  // namespace

Reach reach_of(std::string_view begun) {
  if (begun.empty() || begun == "0" || begun == "0.") return {0, 1};
  const double low = std::stod(std::string(begun));
  if (begun[0] == '1') return {1, 1};
  return {low, std::min(1.0, low + std::pow(10.0, -static_cast<double>(begun.size() - 2)))};
}

ReadNumber read_number(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of(kWhiteSpace), text.size());
  const std::string_view rest = text.substr(start);
  const std::size_t end = rest.find_first_of(kEnds);
  const std::string_view number = rest.substr(0, end);
  if (end == std::string_view::npos)
    return {can_be_number(number) ? NumberState::begun : NumberState::none, std::string(number)};
  return {is_number(number) ? NumberState::ended : NumberState::none, std::string(number)};
}

std::vector<TokenStep> token_steps(const std::string& logprobs) {
  std::vector<TokenStep> steps;
  try {
    for (const json& token : json::parse(logprobs)) {
      TokenStep step{token.at("token").get<std::string>(), {}};
      for (const json& other : token.value("top_logprobs", json::array())) step.choices.push_back(choice_of(other));
      const auto is_chosen = [&](const TokenChoice& c) { return c.text == step.chosen; };
      if (std::ranges::none_of(step.choices, is_chosen)) step.choices.push_back(choice_of(token));

      double shown = 0;
      for (const TokenChoice& c : step.choices) shown += c.probability;
      const bool is_complete = token.value("complete", false);
      if (!is_complete && 1 - shown > kGrain) step.hidden = 1 - shown;
      steps.push_back(std::move(step));
    }
  } catch (const json::exception&) { steps.clear(); }
  return steps;
}

std::string nonsense_in(const std::string& logprobs) {
  for (const TokenStep& step : token_steps(logprobs)) {
    double mass = 0;
    for (const TokenChoice& c : step.choices) {
      const double log = std::log(c.probability);
      if (log > kLogRounding)
        return fmt::format("the token '{}' has the log-probability {:.4g}, which is above 0", on_one_line(c.text), log);
      mass += c.probability;
    }
    if (mass > 1 + kMassRounding)
      return fmt::format("the probabilities of the tokens in the place of '{}' add up to {:.4g}, which is above 1",
                         on_one_line(step.chosen), mass);
  }
  return {};
}

double NumberSpread::expected() const {
  return mean_of(*this, [](Reach r) { return (r.low + r.high) / 2; });
}
double NumberSpread::low() const {
  return mean_of(*this, [](Reach r) { return r.low; });
}
double NumberSpread::high() const {
  return mean_of(*this, [](Reach r) { return r.high; });
}
double NumberSpread::remaining() const { return sum_of(open); }

double NumberSpread::deviation() const {
  const double mean = expected();
  double sum = 0;
  for (const auto& [number, mass] : numbers) sum += mass * std::pow(std::stod(number) - mean, 2);
  for (const auto& [begun, mass] : open) {
    const Reach reach = reach_of(begun);
    sum += mass * std::pow((reach.low + reach.high) / 2 - mean, 2);
  }
  const double total = sum_of(numbers) + sum_of(open);
  return total > 0 ? std::sqrt(sum / total) : 0.0;
}

void round_masses(NumberSpread& spread) {
  for (auto* masses : {&spread.numbers, &spread.open}) {
    for (auto& [text, mass] : *masses) mass = std::round(mass / kGrain) * kGrain;
    std::erase_if(*masses, [](const auto& item) { return item.second < kGrain / 2; });
  }
}

json to_json(const NumberSpread& spread) {
  json out = {{"numbers", spread.numbers}, {"open", spread.open}};
  if (spread.explored_to) out["explored_to"] = *spread.explored_to;
  return out;
}

NumberSpread spread_from(const json& spread) {
  NumberSpread read{.numbers = spread.at("numbers"), .open = spread.at("open")};
  if (spread.contains("explored_to")) read.explored_to = spread.at("explored_to").get<double>();
  return read;
}

void NumberTree::add(const std::string& begun, const std::vector<TokenChoice>& next) { next_.try_emplace(begun, next); }

void NumberTree::add_path(std::string begun, const std::vector<TokenStep>& steps) {
  for (const TokenStep& step : steps) {
    add(begun, step.choices);
    begun += step.chosen;
    if (read_number(begun).state != NumberState::begun) return;
  }
}

// Over the tokens that keep to the form; a server shows only the likeliest ones, and what it does not show is open.
void NumberTree::walk(const std::string& begun, double mass, NumberSpread& spread,
                      std::map<std::string, double>& unknown) const {
  const std::string text = read_number(begun).number;
  const auto known = next_.find(begun);
  if (known == next_.end()) {
    spread.open[text] += mass;
    unknown[begun] += mass;
    return;
  }
  double shown = 0, kept = 0;
  for (const TokenChoice& c : known->second) {
    shown += c.probability;
    if (!c.text.empty() && read_number(begun + c.text).state != NumberState::none) kept += c.probability;
  }
  const double hidden = std::max(0.0, 1 - shown);
  if (kept <= 0) {
    spread.open[text] += mass;
    return;
  }
  if (hidden > kGrain) spread.open[text] += mass * hidden / (kept + hidden);
  for (const TokenChoice& c : known->second) {
    const double part = mass * c.probability / (kept + (hidden > kGrain ? hidden : 0));
    if (c.text.empty() || part < kGrain / 10) continue;
    const ReadNumber read = read_number(begun + c.text);
    if (read.state == NumberState::ended) spread.numbers[read.number] += part;
    if (read.state == NumberState::begun) walk(begun + c.text, part, spread, unknown);
  }
}

NumberSpread NumberTree::spread() const {
  NumberSpread spread;
  std::map<std::string, double> unknown;
  walk("", 1, spread, unknown);
  round_masses(spread);
  return spread;
}

std::vector<std::string> NumberTree::unexplored(std::size_t most) const {
  NumberSpread spread;
  std::map<std::string, double> unknown;
  walk("", 1, spread, unknown);
  std::vector<std::pair<double, std::string>> ranked;
  double movable = 0;  // how far the mean could move, over all of them
  for (const auto& [begun, mass] : unknown) {
    const Reach reach = reach_of(read_number(begun).number);
    ranked.emplace_back(-mass * (reach.high - reach.low), begun);
    movable += mass * (reach.high - reach.low);
  }
  std::ranges::sort(ranked);
  std::vector<std::string> begun;
  if (sum_of(unknown) <= kRemainingMass) return begun;
  for (const auto& [moved, text] : ranked) {
    if (begun.size() == most || movable <= kRemainingReach) break;
    begun.push_back(text);
    movable += moved;
  }
  return begun;
}

}  // namespace heretix
