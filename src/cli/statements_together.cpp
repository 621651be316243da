#include "cli/statements_together.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "studies/probe/profile_store.hpp"

namespace heretix {
namespace {

std::optional<Profile> profile_for(const Resolved& resolved, const Provider& provider, Database& database) {
  if (resolved.request.readout != Readout::decision || resolved.alone || provider.most_together() == 1)
    return std::nullopt;
  return ProfileStore(database).newest(probed_model(provider.facts()));
}

// The service may take fewer by now than when it was probed.
std::size_t together_by(const Profile& profile, const Resolved& resolved, const Provider& provider) {
  const PromptBank bank = named_bank(resolved.request, resolved.banks);
  return std::min(profile.together(bank.paraphrases.size()), provider.most_together());
}

}  // namespace

CheckRequest as_profiled(const Resolved& resolved, const Provider& provider, Database& database) {
  CheckRequest request = resolved.request;
  const auto profile = profile_for(resolved, provider, database);
  if (profile) request.together = static_cast<int>(together_by(*profile, resolved, provider));
  return request;
}

std::string together_in_words(const Resolved& resolved, const Provider& provider, Database& database) {
  const auto profile = profile_for(resolved, provider, database);
  const std::size_t together = profile ? together_by(*profile, resolved, provider) : 1;
  if (together == 1) return {};
  return fmt::format("up to {} statements in one request, as the profile of {} of {} allows", together, profile->model,
                     utc_day(profile->finished_at));
}

}  // namespace heretix
