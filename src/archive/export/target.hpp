// Where the dataset lies: a folder, or objects below an s3:// address.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace heretix {

struct ListedFile {
  std::string path;
  std::int64_t bytes = 0;
};

// Paths are relative, with slashes. One thread. Throws Error{not_allowed, unavailable} naming the path.
class Target {
 public:
  virtual ~Target() = default;
  virtual std::string shown() const = 0;
  virtual std::optional<std::string> read(const std::string& path) = 0;  // empty: not there
  virtual std::vector<ListedFile> list(const std::string& folder) = 0;   // files at any depth
  // The last `count` bytes of a file, where reading them costs next to nothing: empty for objects, each of which would
  // be a request.
  virtual std::optional<std::string> cheap_end(const std::string& path, std::int64_t count) = 0;
  // From here on nobody else exports there (a folder only: objects know no locks, and need none for readers).
  // Throws Error{unavailable} where somebody does.
  virtual void lock() = 0;
  // A new local file on its way to publish(), which takes it away.
  virtual std::string staged_file(const std::string& name) = 0;
  virtual void publish(const std::string& staged, const std::string& path) = 0;  // durable, whole or not there
  virtual void replace(const std::string& path, const std::string& text) = 0;    // the same for a short text
  virtual void remove(const std::string& path) = 0;
  // What earlier exports left half-way; only while locked.
  virtual void clear_staging() = 0;
  virtual bool is_folder() const = 0;
};

std::unique_ptr<Target> open_folder(const std::string& path);

// "s3://BUCKET/PREFIX", with Arrow's parameters (?region=…&endpoint_override=…&scheme=http). Credentials are found as
// Amazon's SDK finds them: AWS_ACCESS_KEY_ID and the like. Throws Error{bad_input} for an address that is none.
std::unique_ptr<Target> open_s3(const std::string& address);

}  // namespace heretix
