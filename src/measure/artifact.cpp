#include "measure/artifact.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"

namespace heretix {
namespace {

constexpr std::size_t kPiece = 64U << 10;  // bytes of one write

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const char* what) {
  const ErrorKind kind =
      errno == EACCES || errno == EROFS || errno == EPERM ? ErrorKind::not_allowed : ErrorKind::unavailable;
  throw Error(kind, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)),
              "every answer is kept; free some space or repair the folder, then run the same command again");
}

void write_all(int file, const std::string& text, const fs::path& path) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(file, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) refuse(path, "write");
    done += static_cast<std::size_t>(wrote);
  }
}

void write_whole(int file, const Record& record, nlohmann::json head, const fs::path& path) {
  std::string waiting;
  write_artifact(record, std::move(head), [&](const std::string& piece) {
    waiting += piece;
    if (waiting.size() < kPiece) return;
    write_all(file, waiting, path);
    waiting.clear();
  });
  write_all(file, waiting, path);
  if (::fsync(file) != 0) refuse(path, "sync");
}

void write_atomically(const fs::path& path, const Record& record, nlohmann::json head) {
  const fs::path staged = path.string() + ".part";
  try {
    const Descriptor file(::open(staged.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.number() < 0) refuse(staged, "create");
    write_whole(file.number(), record, std::move(head), staged);
    if (::rename(staged.c_str(), path.c_str()) != 0) refuse(path, "name");
  } catch (const Error&) {
    ::unlink(staged.c_str());
    throw;
  }
  const Descriptor folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number() < 0 || ::fsync(folder.number()) != 0) refuse(path.parent_path(), "sync");
}

}  // namespace

std::string artifact_name(const ExecutionId& execution_id) { return "artifacts/" + execution_id.text() + ".json"; }

std::string artifact_path(const std::string& database_path, const std::string& relative) {
  return (fs::absolute(database_path).parent_path() / relative).string();
}

std::string write_artifact(const Record& record, nlohmann::json head, const std::string& database_path) {
  std::string relative = artifact_name(record.execution.execution_id);
  const fs::path path = artifact_path(database_path, relative);
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  if (failed) {
    errno = failed.value();
    refuse(path.parent_path(), "create");
  }
  write_atomically(path, record, std::move(head));
  return relative;
}

}  // namespace heretix
