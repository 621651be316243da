// The keys by which programs sign in, for the System One API. A key is valid until it is revoked or its user is
// suspended or removed.
//
// A key is "hx_" and 32 random bytes; the database holds only the first 16 bytes of its keyed hash, as the key's id.
// Owns the SQL of `api_keys`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "service/account/secret.hpp"
#include "service/account/users.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr std::size_t kLongestKeyName = 64;  // bytes
inline constexpr std::size_t kMostApiKeys = 50;     // of a user

struct ApiKey {
  std::string name;  // which its user gave it; no other key of the user has it
  std::string created_at;
  std::optional<std::string> last_used_at;  // to the minute; empty: never
};

class ApiKeys {
 public:
  ApiKeys(Database& database, const Secret& secret) : database_(database), secret_(secret) {}

  // Returns the key, which is stored nowhere. Runs in the caller's transaction. Throws Error: bad_input for a name that
  // is empty, too long, no plain text or that of another key of the user, limit_reached.
  std::string make(const UserId& user_id, const std::string& name);
  std::vector<ApiKey> list(const UserId& user_id);              // oldest first
  bool revoke(const UserId& user_id, const std::string& name);  // false: there is no such key

  // Finds the user of a key in two halves, as Sessions does. query_for() is empty for a text that is no key; found() is
  // empty for one that was never made or is revoked, and for a suspended user. It also notes the use, once a minute.
  std::optional<Query> query_for(const std::string& key) const;
  std::optional<User> found(const std::vector<Row>& rows);

 private:
  std::string id_of(const std::string& key) const;  // a uuid

  Database& database_;
  const Secret& secret_;
};

}  // namespace heretix
