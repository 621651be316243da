#include "models/hub/model_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "models/hub/model_download.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kVersion1 = 1;  // of model.json
constexpr const char* kFactsFile = "model.json";
constexpr std::size_t kDigitsOfFolder = 16;
constexpr std::size_t kLeastCommitDigits = 7;  // by which a commit may be named
constexpr std::chrono::milliseconds kLockPoll{200};

// A name that led to the model: an answer of the hub that find() can give again.
struct AskedName {
  std::string revision, commit, selector;
  std::int64_t at = 0;  // Unix seconds, UTC
};

// What model.json holds.
struct Facts {
  PulledModel model;
  std::vector<AskedName> asked;  // the newest last
};

void make_folders(const std::string& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw write_error(folder + "/", failed.value());
}

// Held by the process that works on a folder. The kernel gives it back when the process ends, whichever way.
class FolderLock {
 public:
  // `observer` is told that it waits; null: it does not wait.
  FolderLock(const std::string& folder, PullObserver* observer, const std::string& what) : path_(folder + ".lock") {
    bool has_told = false;
    while (!take()) {
      if (observer == nullptr)
        throw Error(ErrorKind::conflict, fmt::format("another process is fetching {}", what),
                    "wait for it, or end it, and try again");
      if (!std::exchange(has_told, true))
        observer->on_wait(fmt::format("another process is fetching {}; waiting for it", what));
      std::this_thread::sleep_for(kLockPoll);
      require_going_on(*observer);
    }
  }

  // With the folder that it guards. Whoever waits for it sees that the file is gone and makes a new one.
  void remove() const { ::unlink(path_.c_str()); }

 private:
  bool take() {
    make_folders(fs::path(path_).parent_path().string());  // another process may have removed its last model
    file_ = std::make_unique<Descriptor>(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (file_->number() < 0) throw write_error(path_, errno);
    if (::flock(file_->number(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) throw write_error(path_, errno);
      return false;
    }
    struct stat held {
    }, named{};
    return ::fstat(file_->number(), &held) == 0 && ::stat(path_.c_str(), &named) == 0 && held.st_ino == named.st_ino;
  }

  std::string path_;
  std::unique_ptr<Descriptor> file_;
};

json to_json(const Facts& facts) {
  json parts = json::array(), asked = json::array();
  for (const HubFile& part : facts.model.parts)
    parts.push_back({{"path", part.path}, {"sha256", part.sha256}, {"bytes", part.bytes}});
  for (const AskedName& name : facts.asked)
    asked.push_back(
        {{"revision", name.revision}, {"commit", name.commit}, {"selector", name.selector}, {"at", name.at}});
  return {{"version", kVersion1},
          {"hub", facts.model.hub},
          {"repository", facts.model.name.repository_id()},
          {"selector", facts.model.name.selector},
          {"whole", facts.model.is_whole},
          {"parts", parts},
          {"asked", asked}};
}

// The bytes of a part that are here, finished or not.
std::uint64_t bytes_here(const std::string& folder, const HubFile& part) {
  std::error_code failed;
  const std::string path = (fs::path(folder) / part.name()).string();
  if (const auto whole = fs::file_size(path, failed); !failed) return whole;
  const auto some = fs::file_size(path + std::string(kPartEnding), failed);
  return failed ? 0 : some;
}

// Empty for a folder that holds no readable facts.
std::optional<Facts> facts_in(const fs::path& folder, const std::string& owner, const std::string& repository) {
  const auto text = content_of_file((fs::path(folder) / kFactsFile).string());
  const json found = json::parse(text.value_or(""), nullptr, false);
  if (!found.is_object()) return std::nullopt;
  try {
    if (found.at("version") != kVersion1) return std::nullopt;
    Facts facts;
    PulledModel& model = facts.model;
    model.name = {.owner = owner, .repository = repository, .revision = {}, .selector = found.at("selector")};
    model.hub = found.at("hub");
    model.folder = folder;
    for (const json& part : found.at("parts"))
      model.parts.push_back({.path = part.at("path"), .sha256 = part.at("sha256"), .bytes = part.at("bytes")});
    for (const json& name : found.at("asked"))
      facts.asked.push_back({name.at("revision"), name.at("commit"), name.at("selector"), name.at("at")});
    if (model.parts.empty() || facts.asked.empty()) return std::nullopt;

    // A part that was deleted or cut by somebody is fetched again.
    model.is_whole = found.at("whole");
    for (const HubFile& part : model.parts) {
      std::error_code failed;
      const auto finished = fs::file_size(fs::path(folder) / part.name(), failed);
      if (failed || finished != part.bytes) model.is_whole = false;
      model.here += bytes_here(folder, part);
    }
    const AskedName& newest = facts.asked.back();
    model.commit = newest.commit;
    model.pulled_at = newest.at;
    return facts;
  } catch (const json::exception&) { return std::nullopt; }
}

void keep_facts(const Facts& facts) {
  const std::string path = (fs::path(facts.model.folder) / kFactsFile).string();
  const std::string staged = path + ".new";  // only the holder of the lock writes it
  const Descriptor file(::open(staged.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  const std::string text = to_json(facts).dump(2) + "\n";
  if (file.number() < 0 || !write_all(file.number(), text) || ::fsync(file.number()) != 0 ||
      ::rename(staged.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(staged.c_str());
    throw write_error(path, why);
  }
}

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.is_directory(failed)) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string path_below(const std::string& folder, std::initializer_list<std::string_view> names) {
  fs::path path(folder);
  for (const std::string_view name : names) path /= name;
  return path.string();
}

std::vector<Facts> facts_of_repository(const std::string& cache, const std::string& owner,
                                       const std::string& repository) {
  std::vector<Facts> all;
  for (const std::string& digits : folders_in(path_below(cache, {owner, repository}))) {
    if (auto facts = facts_in(path_below(cache, {owner, repository, digits}), owner, repository))
      all.push_back(std::move(*facts));
  }
  return all;
}

bool means(const AskedName& asked, const HubName& name) {
  const bool is_commit = name.revision.size() >= kLeastCommitDigits && asked.commit.starts_with(name.revision);
  const bool is_revision = asked.revision == name.asked_revision() || is_commit;
  return is_revision && to_lower_ascii(asked.selector) == to_lower_ascii(name.selector);
}

// All names that lead to the chosen model now. The last is the one that it is shown by.
std::vector<AskedName> names_of(const HubListing& listing, const std::vector<HubFile>& chosen, const HubName& name,
                                std::int64_t now) {
  const auto leads_here = [&](const std::string& selector) {
    try {
      return choose_model(listing.files, selector, name.repository_id()) == chosen;
    } catch (const Error&) { return false; }
  };
  const std::string path = chosen.front().path, quantisation = quantisation_of(path);

  std::vector<std::string> selectors = {name.selector, path};
  if (leads_here("")) selectors.emplace_back();
  if (!quantisation.empty() && leads_here(quantisation)) selectors.push_back(quantisation);

  std::vector<AskedName> names;
  for (const std::string& selector : selectors) names.push_back({name.asked_revision(), listing.commit, selector, now});
  return names;
}

void remember(std::vector<AskedName>& known, const std::vector<AskedName>& names) {
  for (const AskedName& name : names) {
    std::erase_if(known, [&](const AskedName& old) {
      return old.revision == name.revision && old.commit == name.commit && old.selector == name.selector;
    });
    known.push_back(name);
  }
}

void require_hashes(const std::vector<HubFile>& parts, const HubName& name) {
  for (const HubFile& part : parts) {
    if (!part.sha256.empty()) continue;
    throw Error(ErrorKind::unavailable,
                fmt::format("the listing of {} names no sha256 of {}, so that it could not be checked",
                            name.repository_id(), part.path),
                "fetch it by other means and name the file: --model llama:FILE.gguf");
  }
}

void require_room(const Facts& facts, const std::string& folder) {
  const std::uint64_t missing = facts.model.bytes() - std::min(facts.model.here, facts.model.bytes());
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) != 0) return;  // then writing tells
  const std::uint64_t free = static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize;
  if (free >= missing) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("{} needs {} more, but {} has only {} of room", facts.model.name.text(), size_text(missing),
                          folder, size_text(free)),
              "make room (heretix models remove), name a smaller quantisation, or another folder in "
              "HERETIX_MODEL_CACHE");
}

}  // namespace

std::string PulledModel::path() const { return (fs::path(folder) / parts.front().name()).string(); }

std::uint64_t PulledModel::bytes() const {
  std::uint64_t sum = 0;
  for (const HubFile& part : parts) sum += part.bytes;
  return sum;
}

std::optional<PulledModel> ModelCache::find(const HubName& name) const {
  std::optional<PulledModel> newest;
  for (const Facts& facts : facts_of_repository(folder_, name.owner, name.repository)) {
    if (!facts.model.is_whole) continue;
    for (const AskedName& asked : facts.asked) {
      if (!means(asked, name) || (newest && newest->pulled_at > asked.at)) continue;
      newest = facts.model;
      newest->pulled_at = asked.at;
      newest->commit = asked.commit;
    }
  }
  return newest;
}

std::vector<PulledModel> ModelCache::list() const {
  std::vector<PulledModel> all;
  for (const std::string& owner : folders_in(folder_)) {
    for (const std::string& repository : folders_in(path_below(folder_, {owner}))) {
      for (Facts& facts : facts_of_repository(folder_, owner, repository)) all.push_back(std::move(facts.model));
    }
  }
  std::ranges::stable_sort(all, {}, [](const PulledModel& model) { return model.name.text(); });
  return all;
}

PulledModel ModelCache::pull(const HubName& name, Hub& hub, PullObserver& observer) const {
  const HubListing listing = hub.list(name, observer);
  const std::vector<HubFile> parts = choose_model(listing.files, name.selector, name.repository_id());
  require_hashes(parts, name);

  const std::string digits = parts.front().sha256.substr(0, kDigitsOfFolder);
  const std::string folder = path_below(folder_, {name.owner, name.repository, digits});
  const FolderLock lock(folder, &observer, name.text());
  make_folders(folder);

  // What is known of an earlier pull of the same content is kept: other names, and when.
  Facts facts = facts_in(folder, name.owner, name.repository).value_or(Facts{});
  const bool was_whole = facts.model.is_whole && facts.model.parts == parts;
  const std::int64_t now = unix_seconds(SystemClock().now());
  remember(facts.asked, names_of(listing, parts, name, now));
  facts.model = {.name = name,
                 .hub = hub.address(),
                 .commit = listing.commit,
                 .parts = parts,
                 .folder = folder,
                 .pulled_at = now,
                 .is_whole = was_whole};
  facts.model.name.revision.clear();
  facts.model.name.selector = facts.asked.back().selector;
  for (const HubFile& part : parts) facts.model.here += bytes_here(folder, part);
  if (!was_whole) require_room(facts, folder_);
  keep_facts(facts);
  if (was_whole) return facts.model;

  observer.on_start(fmt::format("fetching {} ({}, {}) from {} into {}", name.text(), parts.front().name(),
                                size_text(facts.model.bytes()), hub.address(), folder_));
  DownloadPlace place{.path = {}, .before = 0, .of = facts.model.bytes()};
  for (const HubFile& part : parts) {
    place.path = (fs::path(folder) / part.name()).string();
    download(hub, name, listing.commit, part, place, observer);
    place.before += part.bytes;
  }

  facts.model.is_whole = true;
  facts.model.here = facts.model.bytes();
  keep_facts(facts);
  return facts.model;
}

std::uint64_t ModelCache::remove(const PulledModel& model) const {
  const FolderLock lock(model.folder, nullptr, model.name.text());
  std::error_code failed;
  fs::remove_all(model.folder, failed);
  if (failed)
    throw Error(ErrorKind::unavailable, fmt::format("cannot remove {}: {}", model.folder, failed.message()),
                "check who owns the folder");
  lock.remove();

  // Empty folders above it go too; one that holds something stays.
  const fs::path repository = fs::path(model.folder).parent_path();
  if (::rmdir(repository.c_str()) == 0) ::rmdir(repository.parent_path().c_str());
  return model.here;
}

}  // namespace heretix
