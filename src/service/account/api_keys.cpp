#include "service/account/api_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::string_view kPrefix = "hx_";
constexpr std::size_t kKeyCharacters = 43;  // 32 bytes in base64url
constexpr double kKeyNotedEvery = 60;       // seconds

constexpr std::string_view kInsertKey =
    "INSERT INTO api_keys (id, user_id, name, created_at) VALUES (:id, :user, :name, now()) ON CONFLICT (user_id, "
    "name) DO NOTHING RETURNING name";
constexpr std::string_view kCountKeys = "SELECT count(*) AS keys FROM api_keys WHERE user_id = :user";
constexpr std::string_view kListKeys =
    "SELECT name, created_at, last_used_at FROM api_keys WHERE user_id = :user ORDER BY created_at, name";
constexpr std::string_view kRevoke = "DELETE FROM api_keys WHERE user_id = :user AND name = :name";
constexpr std::string_view kFindKey =
    "SELECT u.id, u.email, u.plan, u.status, u.created_at, k.id AS key_id, CASE WHEN k.last_used_at IS NULL OR "
    "k.last_used_at < later(:noted) THEN 1 ELSE 0 END AS is_due FROM api_keys k JOIN users u ON u.id = k.user_id WHERE "
    "k.id = :key AND u.status = 'active'";
constexpr std::string_view kNoteKey = "UPDATE api_keys SET last_used_at = now() WHERE id = :id";

bool is_key(const std::string& text) {
  return text.size() == kPrefix.size() + kKeyCharacters && text.starts_with(kPrefix) &&
         std::ranges::all_of(text.substr(kPrefix.size()), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

void require_name(const std::string& name) {
  const bool is_plain = !first_invalid_utf8(name) && on_one_line(name) == name;
  if (!name.empty() && name.size() <= kLongestKeyName && is_plain) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("the key's name is '{}'; it must be plain text of 1 to {} bytes",
                          is_plain ? shortened(name, 40) : "", kLongestKeyName),
              "name it after the program that will use it");
}

}  // namespace

std::string ApiKeys::id_of(const std::string& key) const {
  const std::string hex = secret_.hash("api-key", key, 16);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20, 12));
}

std::string ApiKeys::make(const UserId& user_id, const std::string& name) {
  require_name(name);
  const auto keys = database_.query(kCountKeys, {{":user", user_id}})[0].integer("keys").value_or(0);
  if (keys >= static_cast<std::int64_t>(kMostApiKeys))
    throw Error(ErrorKind::limit_reached, fmt::format("the user has {} keys, and that is the limit", keys),
                "revoke one that is no longer used");

  std::string key = std::string(kPrefix) + to_base64url(random_bytes(32));
  if (database_.change(kInsertKey, {{":id", id_of(key)}, {":user", user_id}, {":name", name}}).empty())
    throw Error(ErrorKind::bad_input, fmt::format("the user has a key named '{}' already", name),
                "give it another name, or revoke the other key first");
  return key;
}

std::vector<ApiKey> ApiKeys::list(const UserId& user_id) {
  std::vector<ApiKey> keys;
  for (const Row& row : database_.query(kListKeys, {{":user", user_id}}))
    keys.push_back({.name = row.required_text("name"),
                    .created_at = row.required_text("created_at"),
                    .last_used_at = row.text("last_used_at")});
  return keys;
}

bool ApiKeys::revoke(const UserId& user_id, const std::string& name) {
  return database_.execute(kRevoke, {{":user", user_id}, {":name", name}}) == 1;
}

std::optional<Query> ApiKeys::query_for(const std::string& key) const {
  if (!is_key(key)) return std::nullopt;
  return Query{std::string(kFindKey), {{":key", id_of(key)}, {":noted", -kKeyNotedEvery}}};
}

std::optional<User> ApiKeys::found(const std::vector<Row>& rows) {
  if (rows.empty()) return std::nullopt;
  if (rows[0].integer("is_due") == 1) database_.execute(kNoteKey, {{":id", rows[0].required_text("key_id")}});
  return user_from(rows[0]);
}

}  // namespace heretix
