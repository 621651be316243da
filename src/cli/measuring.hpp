// Asks one model about several claims for one command, under one budget, as coherence, calibrate and drift do.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/run_one.hpp"

namespace heretix {

class Measuring {
 public:
  // Makes everything ready and asks nothing. `options` names no claim. If it names no plan, `templates` of the bank are
  // asked once each; 0 stands for all of them, so that claims can be paired by template. Throws what resolve() and
  // make_provider() throw.
  explicit Measuring(MeasuringOptions options, int templates = 0);

  // Prints on stderr what all the claims would cost, as a run does.
  void tell_cost(const std::vector<std::string>& claims);
  Record measure(const std::string& claim);
  Record measure_afresh(const std::string& claim);  // stored answers switched off

  // The same for one claim that is read off the model in several ways. `samples` is for the readout frequency.
  void tell_cost(const std::string& claim, const std::vector<Readout>& readouts, int samples);
  Record measure_by(Readout readout, const std::string& claim, int samples);
  const Provider& provider() const { return *provider_; }

  const std::string& database_path() const { return resolved_.database_path; }
  std::string plan_in_words() const;
  std::string readout() const;  // its readout_name()
  const ProviderFacts& facts() const { return provider_->facts(); }
  Database& database();  // opened, and made, when first needed

 private:
  Record ask(Resolved resolved);
  Resolved for_readout(Readout readout, const std::string& claim, int samples) const;
  void tell_cost(const std::vector<Resolved>& checks);
  Resolved for_claim(const std::string& claim) const;
  MeasuringOptions options_;
  Resolved resolved_;
  std::unique_ptr<Provider> provider_;
  Budget budget_;
  std::unique_ptr<Database> database_;
};

}  // namespace heretix
