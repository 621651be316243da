#include "archive/export/users.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.hpp"
#include "base/sha256.hpp"

namespace heretix {

std::string_view UserHasher::hash(std::string_view user_id) {
  if (user_id == last_id_ && !last_hash_.empty()) return last_hash_;
  Digest digest{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(user_id.data());
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes, user_id.size(), digest.data(), nullptr) ==
      nullptr)
    throw Error(ErrorKind::broken, "HMAC-SHA256 failed");
  last_id_ = user_id;
  last_hash_ = to_hex(digest);
  return last_hash_;
}

std::string UserHasher::key_name() {
  return has_key() ? std::string(hash("heretix export key")).substr(0, 12) : std::string{};
}

}  // namespace heretix
