#include "service/account/users.hpp"

#include "base/random.hpp"
#include "store/stored_word.hpp"

namespace heretix {
namespace {

constexpr std::string_view kById = "SELECT * FROM users WHERE id = :id";
constexpr std::string_view kLocked = "SELECT * FROM users WHERE id = :id FOR UPDATE";
constexpr std::string_view kByEmail = "SELECT * FROM users WHERE email = :email";
constexpr std::string_view kCreate =
    "INSERT INTO users (id, email, created_at, updated_at) VALUES (:id, :email, now(), now()) ON CONFLICT DO NOTHING";
constexpr std::string_view kListUsers = "SELECT * FROM users ORDER BY created_at DESC, id LIMIT :most";
constexpr std::string_view kSetStatus = "UPDATE users SET status = :status, updated_at = now() WHERE id = :id";
constexpr std::string_view kRemoveUser = "DELETE FROM users WHERE id = :id";

std::optional<User> first_of(const std::vector<Row>& rows) {
  return rows.empty() ? std::nullopt : std::optional(user_from(rows[0]));
}

}  // namespace

User user_from(const Row& row) {
  return {.id = row.id<UserId>("id"),
          .email = row.required_text("email"),
          .plan = stored_as(row, "users", "plan", kPlanNameWords),
          .status = stored_as(row, "users", "status", kUserStatusWords),
          .created_at = row.required_text("created_at")};
}

std::optional<User> Users::find(const UserId& id) { return first_of(database_.query(kById, {{":id", id}})); }
std::optional<User> Users::lock(const UserId& id) { return first_of(database_.query(kLocked, {{":id", id}})); }

std::optional<User> Users::find_by_email(const std::string& email) {
  return first_of(database_.query(kByEmail, {{":email", email}}));
}

User Users::find_or_create(const std::string& email) {
  database_.execute(kCreate, {{":id", new_uuid()}, {":email", email}});
  return *find_by_email(email);
}

std::vector<User> Users::list(std::size_t most) {
  std::vector<User> users;
  for (const Row& row : database_.query(kListUsers, {{":most", static_cast<std::int64_t>(most)}}))
    users.push_back(user_from(row));
  return users;
}

bool Users::set_status(const UserId& id, UserStatus status) {
  return database_.execute(kSetStatus, {{":id", id}, {":status", std::string(to_word(status))}}) == 1;
}

bool Users::remove(const UserId& id) { return database_.execute(kRemoveUser, {{":id", id}}) == 1; }

}  // namespace heretix
