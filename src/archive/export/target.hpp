// Where the dataset lies: in a folder, or in objects below an s3:// address.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace heretix {

// A complete local file that is not yet part of the dataset.
struct StagedFile {
  std::string local_path;
};

// A short text and where it lies in the dataset.
struct SmallFile {
  std::string path;
  std::string text;
};

struct ListedFile {
  std::string path;
  std::int64_t bytes = 0;
};

// Paths are relative, with slashes. Use it from one thread. Throws Error{not_allowed, unavailable} naming the path.
class Target {
 public:
  virtual ~Target() = default;
  virtual std::string shown() const = 0;
  virtual std::optional<std::string> read(const std::string& path) = 0;  // empty if there is no such file
  virtual std::vector<ListedFile> list(const std::string& folder) = 0;   // files at any depth
  // The last `count` bytes of a file, if reading them costs next to nothing. Empty for objects, each of which would
  // cost a request.
  virtual std::optional<std::string> cheap_end(const std::string& path, std::int64_t count) = 0;
  // Keeps anybody else from exporting there from now on. Only a folder is locked: objects know no locks, and readers
  // need none. Throws Error{unavailable} if somebody else exports there.
  virtual void lock() = 0;
  // A new local file that publish() will take away.
  virtual StagedFile staged_file(const std::string& name) = 0;
  // Both are durable, and the file at `path` is complete or as it was before.
  virtual void publish(const StagedFile& staged, const std::string& path) = 0;
  virtual void replace(const SmallFile& file) = 0;
  virtual void remove(const std::string& path) = 0;
  // Removes what earlier exports left half-way. Call it only while locked.
  virtual void clear_staging() = 0;
  virtual bool is_folder() const = 0;
};

std::unique_ptr<Target> open_folder(const std::string& path);

// Opens "s3://BUCKET/PREFIX", with Arrow's parameters (?region=…&endpoint_override=…&scheme=http). Credentials are
// found as Amazon's SDK finds them: AWS_ACCESS_KEY_ID and the like. Throws Error{bad_input} for anything that is not
// such an address.
std::unique_ptr<Target> open_s3(const std::string& address);

}  // namespace heretix
