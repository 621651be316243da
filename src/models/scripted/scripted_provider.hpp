// A model that plays a part: for tests, demos and documentation, on the real path.
//
// Without a script its answers follow from the claim and the prompt alone. A script (docs/scripted.md) gives
// answers by rule and plays every fault: refusals, malformed answers, delays, rate limits, lost replies.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "models/provider.hpp"

namespace heretix {

struct ScriptedRule {
  std::optional<int> paraphrase_idx;
  std::optional<int> replicate_idx;
  std::optional<int> attempt;
  std::string user_contains;
  std::optional<int> every;  // matches each n-th question sent to the model, counted from 1

  std::optional<double> prob_true;
  std::optional<std::string> text;
  Ending ending = Ending::complete;
  std::optional<ErrorKind> fails;
  std::string failure;
  std::optional<std::chrono::milliseconds> retry_after;
  std::chrono::milliseconds delay{0};
  bool truncated = false;  // the answer breaks off half-way
};

// Where it plays a decision model: what company does to a number, in probability. Each is added, and the sum is held
// within [0, 1].
struct ScriptedCompany {
  std::size_t most = 64;  // statements in one request
  double together = 0;    // added to a statement that is asked in company
  double reversed = 0;    // and where the order is reversed
  double renamed = 0;     // and under other ids
};

struct Script {
  ModelName model;
  std::string sha256;  // of the file; part of every key
  std::size_t concurrency = 8;
  Usd price;  // of one answer
  std::chrono::milliseconds delay{0};
  std::string ledger;  // a file that gets a line for every question received and every reply acknowledged
  std::vector<ScriptedRule> rules;
  ScriptedCompany company;
  double noise = 0.3;  // how far apart two answers to one question may be, in log-odds
};

// Throws Error{bad_input} naming the place, Error{not_found} for a file that cannot be read.
Script load_script(const std::string& path);

class ScriptedProvider final : public Provider {
 public:
  explicit ScriptedProvider(Script script);
  ~ScriptedProvider() override;
  const ProviderFacts& facts() const override { return facts_; }
  void answer(const Plan& plan, Exchange& exchange) override;
  std::string why_not(Readout readout) const override {
    return readout == Readout::decision ? "" : Provider::why_not(readout);
  }
  std::size_t most_together() const override { return script_.company.most; }
  Company company() const override { return Company::joined; }
  std::size_t most_at_once() const override { return script_.concurrency; }

 private:
  class Ledger;
  struct InFlight;
  const ScriptedRule* rule_for(const Question& question, int attempt);
  InFlight start(const Plan& plan, const Request& request);

  Script script_;
  ProviderFacts facts_;
  std::unique_ptr<Ledger> ledger_;
  int sent_ = 0;
};

// The deterministic one behind --mock, answering in the name of any model.
std::unique_ptr<Provider> make_mock_provider(const ModelName& model);

}  // namespace heretix
