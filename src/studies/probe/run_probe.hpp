// One probe: asks what its design says, keeps every answer as it comes, and makes the profile of all of them.
#pragma once

#include "base/clock.hpp"
#include "measure/ask.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"
#include "studies/probe/profile.hpp"

namespace heretix {

struct ProbeRequest {
  PromptBank bank;                     // of statements
  int repeats = kDefaultProbeRepeats;  // of each question, at least 2; more where noise calls for them
  bool fresh = false;                  // a probe that was stopped is left behind
  AskOptions ask{};
};

// What a probe needs from outside. Borrowed for the call.
struct ProbePorts {
  Provider& provider;
  Database& database;
  const Clock& clock;
  const StopSignal& stop;
  AskObserver& observer;  // told of all questions of the probe together
};

// The questions that a probe asks at its first look, and what they can cost at most; empty where no price is known.
// Throws Error{bad_input} for repeats out of range.
struct ProbeOutline {
  std::size_t questions = 0;
  std::optional<Usd> most{};
};
ProbeOutline outline_probe(const ProbeRequest& request, const Provider& provider);

// The profile is in the store when this returns. A probe that ends early has its answers there, and the next one of the
// same model goes on with it.
// Throws Error: bad_input for repeats out of range, conflict where another process is at that very probe, what
// require_complete throws, and what store and provider throw.
Profile run_probe(const ProbeRequest& request, const ProbePorts& ports);

}  // namespace heretix
