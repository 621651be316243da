// Reading whole files, owning descriptors, and temporary folders.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heretix {

// The content of the file; empty if it cannot be read or is a folder. The caller decides what that means.
std::optional<std::string> content_of_file(const std::string& path);

// Writes all of `bytes` to an open file, pipe or socket. Returns false, with errno set, if that failed.
bool write_all(int descriptor, std::string_view bytes);

// An open file, pipe or socket that is closed with its owner. A negative number, which is what a failed call returns,
// is kept and never closed; the caller has to check for it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

// An empty folder below TMPDIR, which is deleted with everything in it when this object is destroyed. Throws
// Error{unavailable} if none can be made.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace heretix
