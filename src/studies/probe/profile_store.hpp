// Probes in the store: which one goes on, and the profile that each has found. Owns the SQL of heretix_probes
// (docs/storage.md).
#pragma once

#include <optional>
#include <string>

#include "models/provider.hpp"
#include "store/database.hpp"
#include "studies/probe/profile.hpp"

namespace heretix {

// What a profile is of. The server's name and version are part of the mode where they count.
struct ProbedModel {
  std::string address, model, mode;
};
ProbedModel probed_model(const ProviderFacts& facts);

class ProfileStore {
 public:
  explicit ProfileStore(Database& database) : database_(database) {}

  // The probe of that model and design that was begun and not finished; `afresh`: it is left behind. Else a new one is
  // begun, under the id that is given.
  std::string begin(const ProbedModel& of, const std::string& design, const std::string& new_id, bool afresh,
                    long long now);

  long long started_at(const std::string& probe_id);
  void finish(const Profile& profile);

  // That was finished last; empty: none, or the file is of an earlier schema and only read.
  std::optional<Profile> newest(const ProbedModel& of);

  // The newest of each server and way of answering, last finished first.
  std::vector<Profile> of_model(const std::string& model);

 private:
  Database& database_;
};

}  // namespace heretix
