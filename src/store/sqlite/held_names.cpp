#include "store/sqlite/held_names.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"

namespace heretix {
namespace {

constexpr std::size_t kDigitsOfPlace = 15;  // of 4 bits: below 2^60, which an offset can say

// Links are followed as SQLite follows them, so that every name of one database leads to one file.
std::string owners_path(const std::string& database_path) {
  std::error_code failed;
  const auto path = std::filesystem::canonical(database_path, failed);
  return (failed ? database_path : path.string()) + "-owners";
}

// One byte a name, far apart; the file stays empty, because a lock may lie beyond its end.
struct flock byte_of(const std::string& name) {
  const std::string digits = sha256_hex(name).substr(0, kDigitsOfPlace);
  off_t place = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), place, 16);

  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = place;
  lock.l_len = 1;
  return lock;
}

[[noreturn]] void refuse(const std::string& path, const char* verb) {
  const std::string told = fmt::format("{} cannot be {}: {}", path, verb, std::strerror(errno));
  if (errno == EACCES || errno == EPERM || errno == EROFS)
    throw Error(ErrorKind::not_allowed, fmt::format("the store is not writable: {}", told),
                "check the permissions of the file and its folder, or name another store with --db");
  throw Error(ErrorKind::unavailable, told,
              "this file records which runs are under way; put the store on a file system that supports locks");
}

// The kernel's lock goes with the descriptor.
class HeldByte final : public HeldName {
 public:
  explicit HeldByte(Descriptor file) : file_(std::move(file)) {}

 private:
  Descriptor file_;
};

struct OwnersPaths {
  const std::string& database;
  const std::string& owners;
};

// Whoever may use the database may use this file: a run by root must not keep the service's user out.
void give_rights_of(const std::string& database_path, int file) {
  struct stat facts {};
  if (::stat(database_path.c_str(), &facts) != 0) return;
  if (::geteuid() == 0 && ::fchown(file, facts.st_uid, facts.st_gid) != 0) return;
  ::fchmod(file, facts.st_mode & 0666U);
}

Descriptor open_owners(const OwnersPaths& paths) {
  const auto& [database_path, path] = paths;
  Descriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made.number() >= 0) {
    give_rights_of(database_path, made.number());
    return made;
  }
  if (errno != EEXIST) refuse(path, "made");

  Descriptor found(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (found.number() < 0 && errno != ENOENT) refuse(path, "opened");
  return found;
}

bool is_still_at(const std::string& path, int file) {
  struct stat there {
  }, ours{};
  return ::stat(path.c_str(), &there) == 0 && ::fstat(file, &ours) == 0 && there.st_dev == ours.st_dev &&
         there.st_ino == ours.st_ino;
}

}  // namespace

OwnersFile::OwnersFile(std::string database_path)
    : database_path_(std::move(database_path)), path_(owners_path(database_path_)) {}

std::unique_ptr<HeldName> OwnersFile::hold(const std::string& name) const {
  for (;;) {
    Descriptor file = open_owners({.database = database_path_, .owners = path_});
    if (file.number() < 0) continue;  // somebody removed it between our two looks

    struct flock lock = byte_of(name);
    if (::fcntl(file.number(), F_OFD_SETLK, &lock) != 0) {
      if (errno == EINVAL) return nullptr;
      if (errno == EAGAIN || errno == EACCES)
        throw Error(ErrorKind::conflict, fmt::format("{} is already held in {}", name, path_), "run the command again");
      refuse(path_, "locked");
    }

    // A lock on a file that was removed meanwhile would be seen by nobody.
    if (is_still_at(path_, file.number())) return std::make_unique<HeldByte>(std::move(file));
  }
}

bool OwnersFile::is_held(const std::string& name) const {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0 && errno == ENOENT) return false;
  if (file.number() < 0) refuse(path_, "opened");

  struct flock lock = byte_of(name);
  if (::fcntl(file.number(), F_OFD_GETLK, &lock) != 0) refuse(path_, "asked for its locks");
  return lock.l_type != F_UNLCK;
}

}  // namespace heretix
