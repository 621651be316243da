// What a probe asks: a few claims of our own in a few wordings, in every way that it compares (docs/probe.md).
//
// Half of the claims are true or false beyond doubt and some are uncertain, so that the numbers of the model are seen
// at both ends and in the middle. Every question is asked afresh in each probe. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "belief/plan/plan.hpp"
#include "belief/prompt/bank.hpp"

namespace heretix {

inline constexpr std::size_t kProbeWordings = 6;
inline constexpr int kDefaultProbeRepeats = 3;
inline constexpr int kMostProbeRepeats = 50;
inline constexpr int kOneByOne = 20;  // requests sent one after the other, for the latency

// True, false and uncertain ones.
std::span<const std::string_view> probe_claims();

// Neutral states beside the bank's own, which should change nothing.
struct ProbeState {
  std::string_view name;
  std::string_view text;
};
std::span<const ProbeState> probe_states();

// In which company a statement is asked.
enum class Way {
  alone,     // in a request of its own
  together,  // the six wordings of a claim in one request
  reversed,  // the same in the opposite order
  renamed,   // the same under other ids
  company    // among all wordings of the bank, as a measurement asks them
};
inline constexpr std::array kWaysTogether = {Way::together, Way::reversed, Way::renamed, Way::company};
std::string_view to_word(Way way);
Way way_from(const std::string& word);  // throws Error{bad_input}

// One probe of one model.
struct ProbeDesign {
  PromptBank bank;  // of statements
  std::string model;
  Mode mode = Mode::live();  // of the provider
  std::string probe_id;      // part of every key
  int repeats = kDefaultProbeRepeats;
  std::size_t most_together = 1;  // that the service takes in one request

  std::size_t wordings() const;  // six, or as many as the bank has
  // How many go into one request; 1 where that way cannot be asked.
  std::size_t together(Way way) const;
  // All that decides which questions are asked, but for model and probe.
  std::string text() const;
};

// The questions of a claim, by its place among probe_claims(). Their order: repeat by repeat, wording by wording.
// Those of Way::alone are followed by the negation of each wording, once.
Plan probe_plan(const ProbeDesign& design, std::size_t claim, Way way);

// Its wordings alone, once each, under another state.
Plan probe_plan_under(const ProbeDesign& design, std::size_t claim, const ProbeState& state);

// One more question of the first wording, to be sent while nothing else is in flight. `number` from 0.
Plan probe_plan_one_by_one(const ProbeDesign& design, int number);

// Statements in all of these plans, at most.
std::size_t questions_of(const ProbeDesign& design);

}  // namespace heretix
