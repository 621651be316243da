// SHA-256, in one call or piece by piece.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace heretix {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);
std::string to_hex(const Digest& digest);               // 64 lower-case characters
std::uint64_t first_eight_bytes(const Digest& digest);  // big-endian; seeds are made from them
std::string sha256_hex(std::string_view bytes);

// For data that does not fit in memory. finish() may be called only once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The digest of a file's content. Throws Error{not_found} where it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace heretix
