// What a probe asks: a few claims of our own in a few wordings, in every way that it compares (docs/probe.md).
//
// Half of the claims are true or false beyond doubt and the others are uncertain, so that the model's numbers are seen
// at both ends and in the middle. Every question is asked afresh in each probe. Pure.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "belief/plan/plan.hpp"
#include "belief/prompt/bank.hpp"

namespace heretix {

inline constexpr std::size_t kProbeWordings = 6;
inline constexpr int kDefaultProbeRepeats = 3;
inline constexpr int kMostProbeRepeats = 50;
inline constexpr int kOneByOne = 20;  // requests sent one after the other, for the latency

// True, false and uncertain claims.
std::span<const std::string_view> probe_claims();

// Neutral states other than the bank's own, which should change nothing.
struct ProbeState {
  std::string_view name;
  std::string_view text;
};
std::span<const ProbeState> probe_states();

// With which other statements a statement is asked.
enum class Way {
  alone,     // in a request of its own
  together,  // the six wordings of a claim in one request
  reversed,  // the same in the opposite order
  renamed,   // the same under other ids
  company    // among all wordings of the bank, as a measurement asks them
};
inline constexpr std::array kWaysTogether = {Way::together, Way::reversed, Way::renamed, Way::company};
std::string_view to_word(Way way);
std::optional<Way> way_from(std::string_view word);  // empty for another word

// One probe of one model.
struct ProbeDesign {
  PromptBank bank;  // a bank of statements
  ModelName model;
  Mode mode = Mode::live();  // mode of the provider
  std::string probe_id;      // part of every key
  int repeats = kDefaultProbeRepeats;
  std::size_t most_together = 1;  // the most that the service takes in one request

  std::size_t wordings() const;  // six, or as many as the bank has
  // How many statements go into one request; 1 if that way cannot be asked.
  std::size_t together(Way way) const;
  // Everything that decides which questions are asked, except model and probe.
  std::string text() const;
};

// The questions of a claim, which is given by its place among probe_claims(). They are ordered repeat by repeat and,
// within a repeat, wording by wording. Those of Way::alone are followed by the negation of each wording, once.
Plan probe_plan(const ProbeDesign& design, std::size_t claim, Way way);

// The wordings of the claim, each asked alone and once, under another state.
Plan probe_plan_under(const ProbeDesign& design, std::size_t claim, const ProbeState& state);

// One more question with the first wording, to be sent while nothing else is in flight. `number` counts from 0.
Plan probe_plan_one_by_one(const ProbeDesign& design, int number);

// The most statements that all of these plans have together.
std::size_t questions_of(const ProbeDesign& design);

}  // namespace heretix
