#include "base/file.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace heretix {

std::optional<std::string> content_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code failed;
  if (!file || std::filesystem::is_directory(path, failed)) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace heretix
