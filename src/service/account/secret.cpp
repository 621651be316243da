#include "service/account/secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr const char* kHowToMake = "make one with: openssl rand -hex 32";

std::string without_line_end(std::string_view text) {
  const std::size_t end = text.find_last_not_of(kWhiteSpace);
  return end == std::string_view::npos ? "" : std::string(text.substr(0, end + 1));
}

// Whole or not there: written beside it, then linked, which fails where another process was first.
void make_secret_file(const std::string& path) {
  const std::string part = fmt::format("{}.{}", path, random_hex(6));
  std::error_code failed;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const std::string text = random_hex(kKeyBytes) + "\n";
  const bool written = file >= 0 && write_all(file, text) && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  const bool linked = written && (::link(part.c_str(), path.c_str()) == 0 || errno == EEXIST);
  ::unlink(part.c_str());
  if (!linked)
    throw Error(ErrorKind::not_allowed, fmt::format("cannot write the secret file {}", path),
                "make its folder writable, or set HERETIX_SECRET");
}

}  // namespace

Secret Secret::parse(std::string_view hex) {
  if (sodium_init() < 0) throw Error(ErrorKind::broken, "libsodium could not be initialised");
  const std::string text = without_line_end(hex);
  std::string key(kKeyBytes, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const bool read = sodium_hex2bin(reinterpret_cast<unsigned char*>(key.data()), key.size(), text.data(), text.size(),
                                   nullptr, &size, &end) == 0;
  if (!read || size != kKeyBytes || end != text.data() + text.size())
    throw Error(ErrorKind::bad_input, "HERETIX_SECRET is not 32 bytes in hexadecimal, 64 digits", kHowToMake);
  return Secret(std::move(key));
}

Secret Secret::of_file(const std::string& path) {
  if (!std::filesystem::exists(path)) make_secret_file(path);
  const auto text = content_of_file(path);
  if (!text)
    throw Error(ErrorKind::not_allowed, fmt::format("cannot read the secret file {}", path),
                "it must belong to the user that runs the service, with mode 0600");
  return parse(*text);
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::string digest(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string Secret::hash(std::string_view purpose, std::string_view text, std::size_t bytes) const {
  return to_hex(hmac_sha256(key_, fmt::format("{}\n{}", purpose, text)).substr(0, bytes));
}

}  // namespace heretix
