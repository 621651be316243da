// The probes in the store: which one is to be continued, and the profile that each has found. Owns the SQL of
// heretix_probes (docs/storage.md).
#pragma once

#include <optional>
#include <string>

#include "base/identity.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"
#include "studies/probe/profile.hpp"

namespace heretix {

// What a profile describes. The server's name and version are part of the mode where they matter.
struct ProbedModel {
  std::string address;
  ModelName model;
  std::string mode;
};
ProbedModel probed_model(const ProviderFacts& facts);

class ProfileStore {
 public:
  explicit ProfileStore(Database& database) : database_(database) {}

  // Returns the probe of that model and design that was begun and not finished, unless `afresh` says to leave it
  // behind. Otherwise begins a new one under the id that is given.
  std::string begin(const std::string& new_id, const ProbedModel& of, const std::string& design, bool afresh,
                    long long now);

  long long started_at(const std::string& probe_id);
  void finish(const Profile& profile);

  // The profile that was finished last. Empty if there is none, or if the file has an earlier schema and is only read.
  std::optional<Profile> newest(const ProbedModel& of);

  // The newest profile of each server and way of answering, the last finished first.
  std::vector<Profile> of_model(const ModelName& model);

 private:
  Database& database_;
};

}  // namespace heretix
