#include "belief/prompt/banks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

#include "base/error.hpp"

namespace heretix {
namespace fs = std::filesystem;
namespace {

// By which a file that was changed is told from the one that was read.
struct FileStamp {
  std::uintmax_t size = 0;
  fs::file_time_type changed;
  bool operator==(const FileStamp&) const = default;
};

std::optional<FileStamp> stamp_of(const std::string& path) {
  std::error_code failed;
  FileStamp stamp{.size = fs::file_size(path, failed), .changed = {}};
  if (!failed) stamp.changed = fs::last_write_time(path, failed);
  return failed ? std::nullopt : std::optional(stamp);
}

}  // namespace

struct PromptBanks::Kept {
  struct File {
    FileStamp stamp;
    std::shared_ptr<const PromptBank> bank;
  };
  std::mutex mutex;
  std::map<std::string, File> files;  // by path
};

PromptBanks::PromptBanks(std::string directory) : directory_(std::move(directory)), kept_(std::make_shared<Kept>()) {}

// The bank of a file that was read and has not been changed since; null: it has to be read.
std::shared_ptr<const PromptBank> PromptBanks::kept(const std::string& path) const {
  const auto stamp = stamp_of(path);
  const std::lock_guard lock(kept_->mutex);
  const auto found = kept_->files.find(path);
  return stamp && found != kept_->files.end() && found->second.stamp == *stamp ? found->second.bank : nullptr;
}

// The stamp is taken before the file is read: one that changes meanwhile is read again the next time.
std::shared_ptr<const PromptBank> PromptBanks::load(const std::string& path) const {
  if (auto bank = kept(path)) return bank;

  const auto stamp = stamp_of(path);
  auto bank = std::make_shared<const PromptBank>(load_bank(path));
  const std::lock_guard lock(kept_->mutex);
  if (stamp) kept_->files.insert_or_assign(path, Kept::File{*stamp, bank});
  return bank;
}

std::string PromptBanks::path_of(const std::string& stem) const {
  const fs::path yaml = fs::path(directory_) / (stem + ".yaml");
  return fs::exists(yaml) ? yaml.string() : (fs::path(directory_) / (stem + ".yml")).string();
}

std::vector<std::string> PromptBanks::names() const {
  std::error_code failed;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory_, failed)) {
    const std::string suffix = entry.path().extension();
    if (suffix == ".yaml" || suffix == ".yml") names.push_back(entry.path().stem());
  }
  if (failed) {
    throw Error(ErrorKind::not_found,
                fmt::format("cannot read the prompt directory {}: {}", directory_, failed.message()),
                "name another with --prompts or RPL_PROMPTS_DIR");
  }
  std::ranges::sort(names);
  return names;
}

std::shared_ptr<const PromptBank> PromptBanks::find(const std::string& name) const {
  // A path gets among those that are kept only by way of the directory's own list, so no name leads out of it.
  if (auto bank = kept((fs::path(directory_) / (name + ".yaml")).string())) return bank;

  const std::vector<std::string> known = names();
  if (std::ranges::find(known, name) != known.end()) return load(path_of(name));
  for (const std::string& stem : known) {
    try {
      auto bank = load(path_of(stem));
      if (bank->version == name) return bank;
    } catch (const Error&) {
      continue;  // a malformed neighbour is no reason to refuse a bank that is whole
    }
  }
  throw Error(ErrorKind::not_found, fmt::format("there is no prompt bank '{}' in {}", name, directory_),
              known.empty() ? "the directory holds no .yaml file"
                            : fmt::format("the directory holds {}", fmt::join(known, ", ")));
}

}  // namespace heretix
