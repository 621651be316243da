#include "service/account/sessions.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kCookieCharacters = 43;  // 32 bytes in base64url
constexpr double kNotedEvery = 60;             // seconds

constexpr std::string_view kBegin =
    "INSERT INTO sessions (id, user_id, created_at, last_seen_at, expires_at, user_agent) VALUES (:id, :user, now(), "
    "now(), later(:life), :agent)";
// Asked for with every request of somebody who is signed in, so it reads no column that is not needed.
constexpr std::string_view kFind =
    "SELECT u.id, u.email, u.plan, u.status, u.created_at, s.id AS session_id, "
    "CASE WHEN s.last_seen_at < later(:noted) THEN 1 ELSE 0 END AS is_due FROM sessions s JOIN users u ON u.id = "
    "s.user_id WHERE s.id = :session AND s.expires_at > now() AND s.last_seen_at > later(:idle) AND u.status = "
    "'active'";
constexpr std::string_view kNote = "UPDATE sessions SET last_seen_at = now() WHERE id = :id";
constexpr std::string_view kList =
    "SELECT * FROM sessions WHERE user_id = :user AND expires_at > now() AND last_seen_at > later(:idle) ORDER BY "
    "created_at DESC, id";
constexpr std::string_view kEnd = "DELETE FROM sessions WHERE user_id = :user AND id = :id";
constexpr std::string_view kEndAll = "DELETE FROM sessions WHERE user_id = :user";

double seconds(std::chrono::seconds time) { return static_cast<double>(time.count()); }

bool is_cookie(const std::string& cookie) {
  return cookie.size() == kCookieCharacters && std::ranges::all_of(cookie, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

std::string as_uuid(const std::string& hex) {
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20, 12);
}

}  // namespace

std::string Sessions::id_of(const std::string& cookie) const {
  return is_cookie(cookie) ? as_uuid(secret_.hash("session", cookie, 16)) : "";
}

std::string Sessions::begin(const UserId& user_id, const std::string& user_agent) {
  std::string cookie = to_base64url(random_bytes(32));
  const std::string agent = first_invalid_utf8(user_agent) ? "" : shortened(on_one_line(user_agent), 200);
  database_.execute(kBegin,
                    {{":id", id_of(cookie)}, {":user", user_id}, {":life", seconds(kSessionLife)}, {":agent", agent}});
  return cookie;
}

std::optional<Query> Sessions::query_for(const std::string& cookie) const {
  const std::string id = id_of(cookie);
  if (id.empty()) return std::nullopt;
  return Query{std::string(kFind), {{":session", id}, {":idle", -seconds(kSessionIdle)}, {":noted", -kNotedEvery}}};
}

std::optional<SignedIn> Sessions::found(const std::vector<Row>& rows) {
  if (rows.empty()) return std::nullopt;
  const Row& row = rows[0];
  note_if_due(row);
  return SignedIn{.session_id = row.required_text("session_id"), .user = user_from(row)};
}

void Sessions::note_if_due(const Row& row) {
  if (row.integer("is_due") == 1) database_.execute(kNote, {{":id", row.required_text("session_id")}});
}

std::vector<Session> Sessions::list(const UserId& user_id) {
  std::vector<Session> sessions;
  for (const Row& row : database_.query(kList, {{":user", user_id}, {":idle", -seconds(kSessionIdle)}})) {
    sessions.push_back({.id = row.required_text("id"),
                        .created_at = row.required_text("created_at"),
                        .last_seen_at = row.required_text("last_seen_at"),
                        .expires_at = row.required_text("expires_at"),
                        .user_agent = row.text_or_empty("user_agent")});
  }
  return sessions;
}

bool Sessions::end(const UserId& user_id, const std::string& session_id) {
  return database_.execute(kEnd, {{":user", user_id}, {":id", session_id}}) == 1;
}

void Sessions::end_all(const UserId& user_id) { database_.execute(kEndAll, {{":user", user_id}}); }

}  // namespace heretix
