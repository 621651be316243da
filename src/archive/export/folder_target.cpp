#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "archive/export/target.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStaging = ".staging";

[[noreturn]] void refuse(const std::string& doing, const fs::path& path, int number) {
  const bool denied = number == EACCES || number == EPERM || number == EROFS;
  throw Error(denied ? ErrorKind::not_allowed : ErrorKind::unavailable,
              fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(number)),
              denied ? "check the permissions of that folder, or name another; what was published before is intact"
                     : "free some space or check the disk; what was published before is intact");
}

Descriptor opened(const fs::path& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (file.number() < 0) refuse("open", path, errno);
  return file;
}

void sync(const fs::path& path) {
  const Descriptor file = opened(path, O_RDONLY);
  if (::fsync(file.number()) != 0) refuse("sync", path, errno);
}

class FolderTarget final : public Target {
 public:
  explicit FolderTarget(const std::string& path) : root_(path) {}

  std::string shown() const override { return root_.string(); }
  bool is_folder() const override { return true; }

  std::optional<std::string> read(const std::string& path) override {
    std::error_code ignored;
    if (!fs::exists(root_ / path, ignored)) return std::nullopt;
    auto content = content_of_file(root_ / path);
    if (!content) refuse("read", root_ / path, EACCES);
    return content;
  }

  std::vector<ListedFile> list(const std::string& folder) override {
    std::vector<ListedFile> found;
    std::error_code failed;
    if (!fs::exists(root_ / folder, failed)) return found;
    for (auto entry = fs::recursive_directory_iterator(root_ / folder, failed); !failed && entry != fs::end(entry);
         entry.increment(failed)) {
      if (!entry->is_regular_file()) continue;
      found.push_back({.path = fs::relative(entry->path(), root_).string(),
                       .bytes = static_cast<std::int64_t>(entry->file_size())});
    }
    if (failed) refuse("list", root_ / folder, failed.value());
    return found;
  }

  std::optional<std::string> cheap_end(const std::string& path, std::int64_t count) override {
    const Descriptor file = opened(root_ / path, O_RDONLY);
    const std::int64_t size = ::lseek(file.number(), 0, SEEK_END);
    std::string end(static_cast<std::size_t>(std::clamp<std::int64_t>(size, 0, count)), '\0');
    const ssize_t got = ::pread(file.number(), end.data(), end.size(), size - static_cast<std::int64_t>(end.size()));
    if (got != static_cast<ssize_t>(end.size())) refuse("read", root_ / path, errno);
    return end;
  }

  // On the folder itself: a file to lock would be a write.
  void lock() override {
    if (!fs::exists(root_)) make_folder(root_);
    lock_ = std::make_unique<Descriptor>(opened(root_, O_RDONLY | O_DIRECTORY));
    if (::flock(lock_->number(), LOCK_EX | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK) refuse("lock", root_, errno);
    throw Error(ErrorKind::unavailable, fmt::format("another export is writing to {}", root_.string()),
                "wait for it, then run the same command again");
  }

  StagedFile staged_file(const std::string& name) override {
    make_folder(root_ / kStaging);
    return {root_ / kStaging / name};
  }

  void publish(const StagedFile& staged, const std::string& path) override {
    sync(staged.local_path);
    const fs::path final_path = root_ / path;
    make_folder(final_path.parent_path());
    if (::rename(staged.local_path.c_str(), final_path.c_str()) != 0) refuse("name", final_path, errno);
    for (fs::path folder = final_path.parent_path();; folder = folder.parent_path()) {
      sync(folder);
      if (folder == root_) return;
    }
  }

  void replace(const SmallFile& file) override {
    const StagedFile staged = staged_file(fs::path(file.path).filename());
    {
      const Descriptor written = opened(staged.local_path, O_WRONLY | O_CREAT | O_TRUNC);
      if (!write_all(written.number(), file.text)) refuse("write", staged.local_path, errno);
    }
    publish(staged, file.path);
  }

  void remove(const std::string& path) override {
    std::error_code failed;
    fs::remove(root_ / path, failed);
    if (failed) refuse("remove", root_ / path, failed.value());
    // Empty folders of months go with their last file.
    for (fs::path folder = (root_ / path).parent_path(); folder != root_; folder = folder.parent_path()) {
      if (::rmdir(folder.c_str()) != 0) return;
    }
  }

  void clear_staging() override {
    std::error_code failed;
    fs::remove_all(root_ / kStaging, failed);
    if (failed) refuse("clear", root_ / kStaging, failed.value());
  }

 private:
  void make_folder(const fs::path& folder) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) refuse("create", folder, failed.value());
  }

  fs::path root_;
  std::unique_ptr<Descriptor> lock_;
};

}  // namespace

std::unique_ptr<Target> open_folder(const std::string& path) {
  if (fs::exists(path) && !fs::is_directory(path))
    throw Error(ErrorKind::bad_input, fmt::format("{} is a file, the dataset needs a folder", path),
                "name a folder, or an s3:// address");
  return std::make_unique<FolderTarget>(fs::absolute(path).lexically_normal());
}

}  // namespace heretix
