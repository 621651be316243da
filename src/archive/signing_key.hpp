// Ed25519 keys (RFC 8032) that sign records, and the forms in which they are kept: the private key as PKCS #8 in PEM
// (RFC 8410), as OpenSSL makes it, and the public key on one line, "ed25519:" and 32 bytes in base64. PEM is read for
// the public key too. docs/signing.md.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace heretix {

inline constexpr std::size_t kSigningSeedBytes = 32;
inline constexpr std::size_t kPublicKeyBytes = 32;
inline constexpr std::size_t kSignatureBytes = 64;

class PublicKey {
 public:
  // The one line, or a public key in PEM; white space around it does not matter. `source` begins every message. Throws
  // Error{bad_input} for a private key, for a key of another kind, and for what is no key; a private key is not
  // repeated in the message.
  static PublicKey parse(std::string_view text, const std::string& source);
  explicit PublicKey(const std::array<unsigned char, kPublicKeyBytes>& bytes) : bytes_(bytes) {}

  std::string line() const;
  // The first 16 hexadecimal digits of the SHA-256 of the 32 bytes.
  std::string id() const;
  // Whether `signature`, 64 bytes, was made over the message by the private key of this one.
  bool verifies(std::string_view message, std::string_view signature) const;
  const std::array<unsigned char, kPublicKeyBytes>& bytes() const { return bytes_; }
  bool operator==(const PublicKey&) const = default;

 private:
  std::array<unsigned char, kPublicKeyBytes> bytes_;
};

// Wiped from memory when it is destroyed.
class SigningKey {
 public:
  static SigningKey make();                                                             // by the system's generator
  static SigningKey of_seed(const std::array<unsigned char, kSigningSeedBytes>& seed);  // the private key of RFC 8032
  // Throws Error{bad_input} for a public key, for one of another kind, for one that is locked by a passphrase, and for
  // what is no key; nothing of the text is repeated.
  static SigningKey parse(std::string_view pem, const std::string& source);
  ~SigningKey();
  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = delete;

  std::string pem() const;  // with its line end
  PublicKey public_key() const;
  std::string sign(std::string_view message) const;  // 64 bytes

 private:
  SigningKey() = default;
  std::array<unsigned char, kSigningSeedBytes> seed_{};
};

// Reads base64 (RFC 4648) in either alphabet, padded or not. Returns false for what is none. to_base64() stands in
// base/random.hpp.
bool from_base64(std::string_view text, std::string& bytes);

}  // namespace heretix
