// Whole files, descriptors, and folders that do not stay.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heretix {

// Empty where it cannot be read, or is a folder. What that means is the caller's to say.
std::optional<std::string> content_of_file(const std::string& path);

// All of `bytes` to an open file, pipe or socket; false, with errno, where that failed.
bool write_all(int descriptor, std::string_view bytes);

// An open file, pipe or socket that is closed with its owner. A negative number, as a call that failed gives it, is
// kept and not closed: to look at it is the caller's.
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

// An empty folder below TMPDIR, gone with all it holds at the end of this.
// Throws Error{unavailable} where none can be made.
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
