// The one secret of the service. It makes keyed hashes, so that nobody can sign in with a copy of the database or learn
// names from it.
#pragma once

#include <string>
#include <string_view>

namespace heretix {

class Secret {
 public:
  // 32 bytes as 64 hexadecimal digits. Throws Error{bad_input} without repeating them.
  static Secret parse(std::string_view hex);
  static Secret of_file(const std::string& path);  // made with mode 0600 if there is no such file

  // HMAC-SHA-256 of "<purpose>\n<text>", the first `bytes` of it in hexadecimal. The hashes of one purpose reveal
  // nothing about those of another.
  std::string hash(std::string_view purpose, std::string_view text, std::size_t bytes = 32) const;

 private:
  explicit Secret(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

// HMAC-SHA-256, 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace heretix
