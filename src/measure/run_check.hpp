// One check: ask a model about a claim, estimate what it believes, judge the estimate, keep the record.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/identity.hpp"
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
  int samples = kDefaultSamples;  // for each template, with Readout::frequency
  bool asks_negation = true;      // for each statement, with Readout::decision
  int together = 1;               // statements in one request, with Readout::decision
  std::optional<std::uint64_t> seed{};
  SeedSource seed_source = SeedSource::derived;
  bool fresh = false;  // uses no stored answers: the keys belong to this execution alone
  // The user named no output limit, so if the first answer spends it on thinking, everything is asked again with a
  // larger one.
  bool raises_limit = true;
  AskOptions ask{};
};

// What a check needs from outside. All of it is borrowed for the call; tests pass their own.
struct CheckPorts {
  const PromptBanks& banks;
  Provider& provider;
  RunStore& runs;
  std::string database_path;  // the artifact goes beside it; empty: none is written
  const Clock& clock;
  const StopSignal& stop;
  AskObserver& observer;
  std::string owner{};              // owner of the execution, for RunStore::start
  bool keeps_execution_id = false;  // it was announced already, so a new plan goes on under it
  // Does what needs neither the store nor the provider: an estimate, or writing a file. A set of checks does it for
  // several of them at the same time.
  std::function<void(const std::function<void()>& work)> do_apart = [](const std::function<void()>& work) { work(); };
};

// A check that is ready to be asked. What it costs, shows and asks all comes from this one plan.
struct PlannedCheck {
  CheckRequest request;  // in the form that the server accepts (as_remembered)
  PromptBank bank;       // in the form that is asked
  Plan plan;
  ExecutionId execution_id;                // of the execution that will measure it
  std::optional<int> limit_raised_from{};  // the requested output limit, where the store knows it is too small
};

// Plans a check without asking or writing anything. `execution_id` is given where it was announced already (a check of
// the service); otherwise a new one is made. Throws Error{bad_input} if the check cannot be planned or the model cannot
// be read in that way.
PlannedCheck plan_check(const CheckRequest& request, const PromptBanks& banks, Provider& provider, RunStore& runs,
                        const std::optional<ExecutionId>& execution_id = std::nullopt);

// The plan alone, for the request exactly as it stands. The numbers are checked first (require_measurable).
Plan plan_as_given(const CheckRequest& request, const PromptBank& bank, const ProviderFacts& facts,
                   const std::optional<ExecutionId>& execution_id = std::nullopt);

// The same without the questions (outline_plan): what a check would ask, and under which name. `bank` is in the form
// that is asked (asked_bank()).
Plan outline_check(const CheckRequest& request, const PromptBank& bank, const ProviderFacts& facts,
                   const std::optional<ExecutionId>& execution_id = std::nullopt);

// The request that a recipe was made of: the other way round than planning goes.
CheckRequest request_of(const Recipe& recipe, std::string bank, std::optional<std::uint64_t> seed, bool fresh);

// The bank that the request names. Where the readout is decision, the name of the program's own bank of questions means
// its bank of statements.
PromptBank named_bank(const CheckRequest& request, const PromptBanks& banks);
std::string name_of_bank(const CheckRequest& request);  // under which named_bank() looks for it

// The bank in the form that the readout needs. Throws Error{bad_input} for questions where statements are needed, and
// for statements where questions are needed.
PromptBank asked_bank(const CheckRequest& request, const PromptBank& bank);

// Throws Error{bad_input} saying why the model cannot be read in that way.
void require_readable(const Provider& provider, Readout readout);

// Runs the check. Every answer is kept as it arrives, so a check that stops half-way loses nothing that was paid for.
// Throws Error: bad_input for what cannot be planned or estimated, stopped, in_doubt, what the provider failed with,
// and what the store throws.
Record run_check(const PlannedCheck& check, const CheckPorts& ports);

// "it cost $0.0120, and 2 attempts may have been billed, $0.0040 at most".
std::string cost_in_words(const AskProgress& progress);

// Returns if every question has its answer. Otherwise throws what a check with this outcome throws, saying what is kept
// and what it cost: stopped, in_doubt, or what the provider failed with.
void require_complete(const AskOutcome& outcome);

// Applies what the store knows about the server. The provider does not send again what was refused, and the returned
// request has the output limit that the model needed before, unless answers of this very plan were paid for under a
// smaller one.
CheckRequest as_remembered(CheckRequest request, const PromptBank& bank, Provider& provider, RunStore& runs);

ExecutionId new_execution_id();  // "exec-" and 12 random hexadecimal digits

}  // namespace heretix
