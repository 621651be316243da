#include "cli/measuring.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/expected_cost.hpp"
#include "store/sqlite/harness_file.hpp"
#include "studies/calibrate/certificate.hpp"

namespace heretix {
namespace {

constexpr const char* kPlaceholder = "A claim.";  // for the settings; each measured claim takes its place

MeasuringOptions with_claim(MeasuringOptions options) {
  options.flags.claim = kPlaceholder;
  return options;
}

}  // namespace

Measuring::Measuring(MeasuringOptions options, int templates)
    : options_(with_claim(std::move(options))),
      resolved_(resolve(options_)),
      provider_(make_provider(resolved_.settings)),
      budget_(make_budget(options_.flags)) {
  stop_signal();  // from here on a signal stops cleanly
  require_price(budget_, provider_->facts());
  const Settings& s = resolved_.settings;
  if (options_.fixed || s.slots || s.replicates || s.templates || s.until_width) return;
  const PromptBank bank = named_bank(resolved_.request, resolved_.banks);
  const auto all = static_cast<int>(bank.paraphrases.size());
  resolved_.request.sampling.slots = templates == 0 ? all : std::min(templates, all);
  resolved_.request.sampling.replicates = 1;
}

std::string Measuring::plan_in_words() const {
  const Sampling& s = resolved_.request.sampling;
  return fmt::format("K {}, R {} of {}", s.slots, s.replicates, resolved_.request.bank);
}

std::string Measuring::readout() const {
  return readout_name(resolved_.request.readout, resolved_.request.asks_negation);
}

Database& Measuring::database() {
  if (!database_) database_ = open_harness_file(resolved_.database_path, {.access = Access::create});
  return *database_;
}

Resolved Measuring::for_claim(const std::string& claim) const {
  Resolved resolved = resolved_;
  resolved.request.claim = claim;
  return resolved;
}

void Measuring::tell_cost(const std::vector<Resolved>& checks) {
  if (options_.quiet || options_.json) return;
  std::vector<ClaimToAsk> to_ask;
  for (const Resolved& resolved : checks) to_ask.push_back({resolved, *provider_, database()});
  tell_expected_cost(to_ask);
}

void Measuring::tell_cost(const std::vector<std::string>& claims) {
  std::vector<Resolved> all;
  for (const std::string& claim : claims) all.push_back(for_claim(claim));
  tell_cost(all);
}

void Measuring::tell_cost(const std::string& claim, const std::vector<Readout>& readouts, int samples) {
  std::vector<Resolved> all;
  for (const Readout readout : readouts) all.push_back(for_readout(readout, claim, samples));
  tell_cost(all);
}

Resolved Measuring::for_readout(Readout readout, const std::string& claim, int samples) const {
  Resolved resolved = for_claim(claim);
  resolved.request.readout = readout;
  resolved.request.bank = bank_of(resolved.settings, readout);
  if (readout != Readout::verbalized) resolved.request.sampling.replicates = 1;
  resolved.request.samples = samples;
  return resolved;
}

Record Measuring::measure(const std::string& claim) { return ask(for_claim(claim)); }

Record Measuring::measure_afresh(const std::string& claim) {
  Resolved resolved = for_claim(claim);
  resolved.request.fresh = true;
  return ask(std::move(resolved));
}

Record Measuring::measure_by(Readout readout, const std::string& claim, int samples) {
  return ask(for_readout(readout, claim, samples));
}

Record Measuring::ask(Resolved resolved) {
  resolved.request.ask.budget = &budget_;
  const PlannedCheck check = plan_resolved(resolved, *provider_, database());
  return run_one(check, resolved, *provider_, database(), progress_of(options_));
}

}  // namespace heretix
