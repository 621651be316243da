// Runs one probe: asks what its design says, keeps every answer as it arrives, and makes the profile from all of them.
#pragma once

#include "base/clock.hpp"
#include "measure/ask.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"
#include "studies/probe/profile.hpp"

namespace heretix {

struct ProbeRequest {
  PromptBank bank;                     // a bank of statements
  int repeats = kDefaultProbeRepeats;  // of each question, at least 2; noise can call for more
  bool fresh = false;                  // leaves behind a probe that was stopped
  AskOptions ask{};
};

// What a probe needs from outside. All of it is borrowed for the call.
struct ProbePorts {
  Provider& provider;
  Database& database;
  const Clock& clock;
  const StopSignal& stop;
  AskObserver& observer;  // sees all questions of the probe as one task
};

// How many questions a probe asks at its first look, and what they can cost at most, which is empty if no price is
// known. Throws Error{bad_input} for repeats out of range.
struct ProbeOutline {
  std::size_t questions = 0;
  std::optional<Usd> most{};
};
ProbeOutline outline_probe(const ProbeRequest& request, const Provider& provider);

// The profile is in the store when this returns. A probe that ends early leaves its answers there, and the next probe
// of the same model continues it. Throws Error: bad_input for repeats out of range, conflict if another process works
// on that very probe, what require_complete throws, and what store and provider throw.
Profile run_probe(const ProbeRequest& request, const ProbePorts& ports);

}  // namespace heretix
