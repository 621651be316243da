#include "base/file.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/error.hpp"

namespace heretix {

std::optional<std::string> content_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code failed;
  if (!file || std::filesystem::is_directory(path, failed)) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return true;
}

TemporaryFolder::TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "heretix-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr)
    throw Error(ErrorKind::unavailable,
                "cannot make a temporary folder in " + std::filesystem::temp_directory_path().string(),
                "set TMPDIR to a folder with room");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace heretix
