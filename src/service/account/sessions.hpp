// Who is signed in. A session lasts 30 days at most, and 7 days without a visit.
//
// A cookie is 32 random bytes; the database holds only the first 16 bytes of its keyed hash, as the session's id. Owns
// the SQL of `sessions`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "service/account/secret.hpp"
#include "service/account/users.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr std::chrono::seconds kSessionLife = std::chrono::days(30);
inline constexpr std::chrono::seconds kSessionIdle = std::chrono::days(7);

struct Session {
  std::string id;  // uuid
  std::string created_at, last_seen_at, expires_at, user_agent;
};

struct SignedIn {
  std::string session_id;
  User user;
};

class Sessions {
 public:
  Sessions(Database& database, const Secret& secret) : database_(database), secret_(secret) {}

  // Returns the value of the cookie, which is stored nowhere.
  std::string begin(const UserId& user_id, const std::string& user_agent);
  // Finds the user of a cookie in two halves, for callers that read more in the same round trip
  // (Database::query_all()). query_for() returns what to ask; it is empty for a text that is not a cookie of the
  // service. found() reads the result; it is empty if the session has ended or its user is suspended. It also notes the
  // visit, once a minute.
  std::optional<Query> query_for(const std::string& cookie) const;
  std::optional<SignedIn> found(const std::vector<Row>& rows);
  // found() does this too. The row needs only the columns `session_id` and `is_due`.
  void note_if_due(const Row& row);
  std::vector<Session> list(const UserId& user_id);  // the open sessions, newest first
  bool end(const UserId& user_id, const std::string& session_id);
  void end_all(const UserId& user_id);
  std::string id_of(const std::string& cookie) const;  // a uuid; empty for a text that is not a cookie

 private:
  Database& database_;
  const Secret& secret_;
};

}  // namespace heretix
