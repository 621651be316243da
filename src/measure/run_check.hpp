// One check: ask a model about a claim, estimate what it believes, judge the estimate, keep the record.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "belief/prompt/banks.hpp"
#include "belief/readout/parts.hpp"
#include "belief/record/record.hpp"
#include "measure/ask.hpp"
#include "measure/run_store.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"

namespace heretix {

struct CheckRequest {
  std::string claim;
  std::string bank;
  Sampling sampling;
  Readout readout = Readout::verbalized;
  int samples = kDefaultSamples;  // of each template, for Readout::frequency
  bool asks_negation = true;      // of each statement, for Readout::decision
  int together = 1;               // statements in one request, for Readout::decision
  std::optional<std::uint64_t> seed{};
  SeedSource seed_source = SeedSource::derived;
  bool fresh = false;  // stored answers switched off: keys of this execution alone
  // Nobody named an output limit: where the first answer spends it on thinking, all is asked with a larger one.
  bool raises_limit = true;
  AskOptions ask{};
};

// What a check needs from outside. Borrowed for the call; tests hand in their own.
struct CheckPorts {
  const PromptBanks& banks;
  Provider& provider;
  RunStore& runs;
  std::string database_path;  // the artifact goes beside it; empty: none is written
  const Clock& clock;
  const StopSignal& stop;
  AskObserver& observer;
  std::string owner{};              // of the execution, for RunStore::start
  bool keeps_execution_id = false;  // it was told already: what has to be planned anew goes on under it
};

// A check that is ready to be asked: what it costs, shows and asks all comes from this one plan.
struct PlannedCheck {
  CheckRequest request;  // as the server takes it (as_remembered)
  PromptBank bank;       // as it is asked
  Plan plan;
  std::string execution_id;                // that will measure it
  std::optional<int> limit_raised_from{};  // the output limit of the request, where the store knows it as too small
};

// Nothing is asked or written. `execution_id`: where it was told already (a check of the service); empty: a new one.
// Throws Error{bad_input} for what cannot be planned, or where the model cannot be read so.
PlannedCheck plan_check(const CheckRequest& request, const PromptBanks& banks, Provider& provider, RunStore& runs,
                        const std::string& execution_id = {});

// The plan alone, of the request as it stands. The numbers are tested first (require_measurable).
Plan plan_as_given(const CheckRequest& request, const PromptBank& bank, const ProviderFacts& facts,
                   const std::string& execution_id = {});

// The same without the questions (outline_plan): what a check would ask and under which name.
Plan outline_check(const CheckRequest& request, const PromptBank& bank, const ProviderFacts& facts,
                   const std::string& execution_id = {});

// The bank that the request names. The program's own bank of questions stands for its bank of statements where the
// readout is decision.
PromptBank named_bank(const CheckRequest& request, const PromptBanks& banks);

// The bank in the form that the readout needs. Throws Error{bad_input} for questions where statements are needed, and
// for statements where questions are.
PromptBank asked_bank(const CheckRequest& request, const PromptBank& bank);

// Throws Error{bad_input} saying why the model cannot be read so.
void require_readable(const Provider& provider, Readout readout);

// Every answer is kept as it arrives, so a check that stops half-way loses nothing that was paid for.
// Throws Error: bad_input for what cannot be planned or estimated, stopped, in_doubt, what the provider failed with,
// what the store throws.
Record run_check(const PlannedCheck& check, const CheckPorts& ports);

// Throws what a check that ended so throws, with what is kept and what it cost: stopped, in_doubt, or what the provider
// failed with. Returns where every question has its answer.
void require_complete(const AskOutcome& outcome);

// What the store knows of the server: the provider does not send again what was refused, and the request that is
// returned has the output limit that the model needed before, unless answers of this very plan were paid for under a
// smaller one.
CheckRequest as_remembered(CheckRequest request, const PromptBank& bank, Provider& provider, RunStore& runs);

std::string new_execution_id();  // "exec-" and 12 random hexadecimal digits

}  // namespace heretix
