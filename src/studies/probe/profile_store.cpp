#include "studies/probe/profile_store.hpp"

#include <nlohmann/json.hpp>

#include "base/version.hpp"

namespace heretix {
namespace {

// Of probes in one second the one that was begun later is the newer: rows are numbered as they come.
constexpr std::string_view kOpen =
    "SELECT probe_id FROM heretix_probes WHERE address = :address AND model = :model AND mode = :mode AND design = "
    ":design AND program_version = :version AND finished_at IS NULL ORDER BY started_at DESC, rowid DESC LIMIT 1";
constexpr std::string_view kBegin =
    "INSERT INTO heretix_probes (probe_id, address, model, mode, design, started_at, program_version) VALUES (:id, "
    ":address, :model, :mode, :design, :now, :version)";
constexpr std::string_view kStarted = "SELECT started_at FROM heretix_probes WHERE probe_id = :id";
constexpr std::string_view kFinish =
    "UPDATE heretix_probes SET finished_at = :now, profile_json = :profile WHERE probe_id = :id";
constexpr std::string_view kNewest =
    "SELECT profile_json FROM heretix_probes WHERE address = :address AND model = :model AND mode = :mode AND "
    "finished_at IS NOT NULL ORDER BY finished_at DESC, started_at DESC, rowid DESC LIMIT 1";
constexpr std::string_view kOfModel =
    "SELECT profile_json FROM heretix_probes p WHERE model = :model AND finished_at IS NOT NULL AND probe_id = (SELECT "
    "q.probe_id FROM heretix_probes q WHERE q.address = p.address AND q.model = p.model AND q.mode = p.mode AND "
    "q.finished_at IS NOT NULL ORDER BY q.finished_at DESC, q.started_at DESC, q.rowid DESC LIMIT 1) ORDER BY "
    "finished_at DESC, started_at DESC, rowid DESC";

}  // namespace

ProbedModel probed_model(const ProviderFacts& facts) {
  return {.address = facts.address, .model = facts.model, .mode = facts.mode.text()};
}

std::string ProfileStore::begin(const std::string& new_id, const ProbedModel& of, const std::string& design,
                                bool afresh, long long now) {
  const Bindings named = {{":address", of.address},
                          {":model", of.model},
                          {":mode", of.mode},
                          {":design", design},
                          {":version", std::string(kVersion)}};
  std::string id = new_id;
  in_transaction(database_, [&] {
    const auto open = afresh ? std::vector<Row>{} : database_.query(kOpen, named);
    if (!open.empty()) {
      id = open[0].required_text("probe_id");
      return;
    }
    Bindings row = named;
    row.push_back({":id", new_id});
    row.push_back({":now", std::int64_t{now}});
    database_.execute(kBegin, row);
  });
  return id;
}

long long ProfileStore::started_at(const std::string& probe_id) {
  const auto found = database_.query(kStarted, {{":id", probe_id}});
  return found.empty() ? 0 : found[0].integer("started_at").value_or(0);
}

void ProfileStore::finish(const Profile& profile) {
  in_transaction(database_, [&] {
    database_.execute(kFinish, {{":id", profile.probe_id},
                                {":now", std::int64_t{profile.finished_at}},
                                {":profile", to_json(profile).dump()}});
  });
}

std::optional<Profile> ProfileStore::newest(const ProbedModel& of) {
  if (!database_.has_table("heretix_probes")) return std::nullopt;
  const auto found = database_.query(kNewest, {{":address", of.address}, {":model", of.model}, {":mode", of.mode}});
  if (found.empty()) return std::nullopt;
  return profile_from(found[0].required_text("profile_json"));
}

std::vector<Profile> ProfileStore::of_model(const ModelName& model) {
  std::vector<Profile> found;
  if (!database_.has_table("heretix_probes")) return found;
  for (const Row& row : database_.query(kOfModel, {{":model", model}}))
    found.push_back(profile_from(row.required_text("profile_json")));
  return found;
}

}  // namespace heretix
