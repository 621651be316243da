#include "archive/signing_key.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::string_view kLinePrefix = "ed25519:";
constexpr std::size_t kKeyIdDigits = 16;

// What stands before the 32 bytes of a key in DER: the algorithm 1.3.101.112 (RFC 8410, sections 4 and 7).
constexpr std::string_view kPrivatePrefix("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
constexpr std::string_view kPublicPrefix("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);

constexpr const char* kHowToGetPublic = "heretix sign --key FILE shows the public key of a private one";
constexpr const char* kHowToMakeKey = "heretix sign --new-key FILE makes one";

void start_sodium() {
  if (sodium_init() < 0) throw Error(ErrorKind::broken, "libsodium could not be initialised");
}

// "PRIVATE KEY" of "-----BEGIN PRIVATE KEY-----"; empty for a text that is not PEM.
std::string_view pem_label(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  if (!text.starts_with(kBegin)) return {};
  const std::size_t end = text.find("-----", kBegin.size());
  return end == std::string_view::npos ? std::string_view{} : text.substr(kBegin.size(), end - kBegin.size());
}

// The bytes between the lines of PEM; false if it is malformed.
bool read_pem(std::string_view text, std::string& bytes) {
  const std::string_view label = pem_label(text);
  const std::string begin = fmt::format("-----BEGIN {}-----", label);
  const std::string end = fmt::format("-----END {}-----", label);
  const std::size_t at = text.find(end);
  if (!text.starts_with(begin) || at == std::string_view::npos || at + end.size() != text.size()) return false;
  std::string body;
  for (const char c : text.substr(begin.size(), at - begin.size())) {
    if (kWhiteSpace.find(c) == std::string_view::npos) body += c;
  }
  const bool is_read = from_base64(body, bytes);
  sodium_memzero(body.data(), body.size());
  return is_read;
}

template <std::size_t size>
std::array<unsigned char, size> taken(std::string_view bytes) {
  std::array<unsigned char, size> array{};
  std::copy_n(bytes.begin(), size, array.begin());
  return array;
}

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

bool from_base64(std::string_view text, std::string& bytes) {
  while (text.ends_with('=')) text.remove_suffix(1);
  const bool is_for_urls = text.find_first_of("-_") != std::string_view::npos;
  bytes.assign(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int variant =
      is_for_urls ? sodium_base64_VARIANT_URLSAFE_NO_PADDING : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  const bool is_read = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                                         text.size(), nullptr, &size, &end, variant) == 0;
  bytes.resize(is_read ? size : 0);
  return is_read && end == text.data() + text.size();
}

PublicKey PublicKey::parse(std::string_view given, const std::string& source) {
  const std::string_view text = trimmed(given, kWhiteSpace);
  const auto refuse = [&](const std::string& why) -> Error {
    return {ErrorKind::bad_input, fmt::format("{} {}", source, why), kHowToGetPublic};
  };

  std::string bytes;
  if (text.starts_with(kLinePrefix)) {
    if (!from_base64(text.substr(kLinePrefix.size()), bytes) || bytes.size() != kPublicKeyBytes)
      throw refuse("is not a public key: ed25519: is followed by 32 bytes in base64");
    return PublicKey(taken<kPublicKeyBytes>(bytes));
  }

  const std::string_view label = pem_label(text);
  if (label.find("PRIVATE KEY") != std::string_view::npos) throw refuse("is a private key; its public key is needed");
  if (label.empty()) throw refuse("is not a public key: one begins with ed25519: or is PEM");
  if (label != "PUBLIC KEY" || !read_pem(text, bytes)) throw refuse("is not a public key in PEM");
  if (bytes.size() != kPublicPrefix.size() + kPublicKeyBytes || !bytes.starts_with(kPublicPrefix))
    throw refuse("is a public key of another kind; records are signed with Ed25519");
  return PublicKey(taken<kPublicKeyBytes>(std::string_view(bytes).substr(kPublicPrefix.size())));
}

std::string PublicKey::line() const {
  return fmt::format("{}{}", kLinePrefix, to_base64({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}));
}

std::string PublicKey::id() const {
  return sha256_hex({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}).substr(0, kKeyIdDigits);
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  start_sodium();
  return signature.size() == kSignatureBytes &&
         crypto_sign_ed25519_verify_detached(unsigned_bytes(signature), unsigned_bytes(message), message.size(),
                                             bytes_.data()) == 0;
}

SigningKey SigningKey::make() {
  start_sodium();
  SigningKey key;
  randombytes_buf(key.seed_.data(), key.seed_.size());
  return key;
}

SigningKey SigningKey::of_seed(const std::array<unsigned char, kSigningSeedBytes>& seed) {
  start_sodium();
  SigningKey key;
  key.seed_ = seed;
  return key;
}

SigningKey SigningKey::parse(std::string_view pem, const std::string& source) {
  const std::string_view text = trimmed(pem, kWhiteSpace);
  const auto refuse = [&](const std::string& why) -> Error {
    return {ErrorKind::bad_input, fmt::format("{} {}", source, why), kHowToMakeKey};
  };
  const std::string_view label = pem_label(text);
  if (label == "PUBLIC KEY" || text.starts_with(kLinePrefix))
    throw refuse("is a public key; signing needs the private one");
  if (label == "ENCRYPTED PRIVATE KEY") throw refuse("is locked by a passphrase, which is not supported");
  if (label != "PRIVATE KEY") throw refuse("is not a private key: PKCS #8 in PEM is expected");

  std::string bytes;
  const bool is_read = read_pem(text, bytes);
  const bool is_ed25519 =
      bytes.size() == kPrivatePrefix.size() + kSigningSeedBytes && bytes.starts_with(kPrivatePrefix);
  SigningKey key;
  if (is_ed25519) key.seed_ = taken<kSigningSeedBytes>(std::string_view(bytes).substr(kPrivatePrefix.size()));
  sodium_memzero(bytes.data(), bytes.size());
  if (!is_read) throw refuse("is not a private key: its PEM is damaged");
  if (!is_ed25519) throw refuse("is a private key of another kind; records are signed with Ed25519");
  start_sodium();
  return key;
}

SigningKey::~SigningKey() { sodium_memzero(seed_.data(), seed_.size()); }

std::string SigningKey::pem() const {
  std::string bytes(kPrivatePrefix);
  bytes.append(reinterpret_cast<const char*>(seed_.data()), seed_.size());
  std::string pem = fmt::format("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", to_base64(bytes));
  sodium_memzero(bytes.data(), bytes.size());
  return pem;
}

PublicKey SigningKey::public_key() const {
  std::array<unsigned char, kPublicKeyBytes> public_bytes{};
  std::array<unsigned char, crypto_sign_ed25519_SECRETKEYBYTES> secret{};
  crypto_sign_ed25519_seed_keypair(public_bytes.data(), secret.data(), seed_.data());
  sodium_memzero(secret.data(), secret.size());
  return PublicKey(public_bytes);
}

std::string SigningKey::sign(std::string_view message) const {
  std::array<unsigned char, kPublicKeyBytes> public_bytes{};
  std::array<unsigned char, crypto_sign_ed25519_SECRETKEYBYTES> secret{};
  crypto_sign_ed25519_seed_keypair(public_bytes.data(), secret.data(), seed_.data());
  std::string signature(kSignatureBytes, '\0');
  crypto_sign_ed25519_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, unsigned_bytes(message),
                               message.size(), secret.data());
  sodium_memzero(secret.data(), secret.size());
  return signature;
}

}  // namespace heretix
