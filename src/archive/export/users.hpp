// A user in the dataset: HMAC-SHA256 of the id (RFC 2104), so that rows can be seen to belong to one user without
// saying to whom.
#pragma once

#include <string>
#include <string_view>

namespace heretix {

class UserHasher {
 public:
  explicit UserHasher(std::string key) : key_(std::move(key)) {}
  bool has_key() const { return !key_.empty(); }
  // 64 hexadecimal digits, which are valid until the next call.
  std::string_view hash(std::string_view user_id);
  // A name that tells two keys apart without revealing them; empty without a key.
  std::string key_name();

 private:
  std::string key_;
  std::string last_id_, last_hash_;
};

}  // namespace heretix
