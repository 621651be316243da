#include "belief/plan/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/word_table.hpp"
#include "belief/plan/limits.hpp"

namespace heretix {
namespace {

constexpr WordTable<Readout, 5> kReadoutWords({{Readout::verbalized, "verbalized"},
                                               {Readout::token, "token"},
                                               {Readout::frequency, "frequency"},
                                               {Readout::expected, "expected"},
                                               {Readout::decision, "decision"}});

constexpr WordTable<LadderRule, 2> kLadderRuleWords({{LadderRule::honest_v1, "honest_v1"},
                                                     {LadderRule::belief_v2, "belief_v2"}});

void require_valid(const Ladder& ladder, const Sampling& s, std::size_t bank_size) {
  if (!(ladder.target > 0 && ladder.target <= 1))
    throw Error(ErrorKind::bad_input,
                fmt::format("the wanted width is {}; it must be above 0 and at most 1", ladder.target),
                "e.g. --until-width 0.20");
  if (ladder.rungs.empty() || ladder.rungs.front() < 1 || s.slots != ladder.rungs.back() || s.replicates != 1)
    throw Error(ErrorKind::bad_input, "a ladder asks its last rung's templates once each");
  require_in("the ladder's last rung", s.slots, 1, static_cast<long>(bank_size));
}

// In every cache key, but no part of the recipe: which execution it was, how a server needs to be asked, and what a
// model's own template puts around a question, today's date among it.
constexpr std::array<std::string_view, 5> kNotOfTheRecipe = {"form", "frame", "limit", "run", "system"};

std::string joined(const std::string& base, const std::map<std::string, std::string>& parameters, bool is_recipe) {
  std::string text = base;
  for (const auto& [name, value] : parameters) {
    const bool is_left_out = is_recipe && std::ranges::find(kNotOfTheRecipe, name) != kNotOfTheRecipe.end();
    if (!is_left_out) text += fmt::format(";{}={}", name, value);
  }
  return text;
}

}  // namespace

std::string_view to_word(Readout readout) { return kReadoutWords.word(readout); }

std::optional<Readout> known_readout(std::string_view word) { return kReadoutWords.value(word); }

std::string_view to_word(LadderRule rule) { return kLadderRuleWords.word(rule); }

std::optional<LadderRule> ladder_rule_from(std::string_view word) { return kLadderRuleWords.value(word); }

Readout readout_from(const std::string& word) {
  if (word.empty()) return Readout::verbalized;
  if (const auto readout = known_readout(word)) return *readout;
  throw Error(ErrorKind::bad_input,
              fmt::format("readout is '{}'; it must be verbalized, token, frequency, expected or decision", word),
              "see docs/readouts.md");
}

Mode& Mode::with(const std::string& name, const std::string& value) {
  parameters_[name] = value;
  return *this;
}
Mode& Mode::without(const std::string& name) {
  parameters_.erase(name);
  return *this;
}
std::string Mode::value(const std::string& name) const {
  const auto found = parameters_.find(name);
  return found == parameters_.end() ? std::string() : found->second;
}
std::string Mode::text() const { return joined(base_, parameters_, false); }
std::string Mode::recipe_text() const { return joined(base_, parameters_, true); }

void require_valid(const Recipe& recipe, std::size_t bank_size) {
  const Sampling& s = recipe.sampling;
  require_in("T (templates)", s.templates.value_or(1), 1, static_cast<long>(bank_size));
  require_ranges(s);
  if (s.ladder) require_valid(*s.ladder, s, bank_size);
  if (recipe.model.empty()) throw Error(ErrorKind::bad_input, "the model has no name", "see heretix models");
  if (count_code_points(recipe.model.text()) > kMaxModelCharacters) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the model's name has {} characters; at most {} can be stored: {}",
                            count_code_points(recipe.model.text()), kMaxModelCharacters, recipe.model),
                "use the model's shorter name; a model file can be renamed, or linked to under a shorter name");
  }
}

}  // namespace heretix
