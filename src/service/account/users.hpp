// People by their mail address. Owns the SQL of `users`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "base/word_table.hpp"
#include "service/account/plan_name.hpp"
#include "store/database.hpp"

namespace heretix {

enum class UserStatus { active, suspended };
inline constexpr WordTable<UserStatus, 2> kUserStatusWords{
    {{UserStatus::active, "active"}, {UserStatus::suspended, "suspended"}}};
constexpr std::string_view to_word(UserStatus status) { return kUserStatusWords.word(status); }

struct User {
  UserId id;
  std::string email;                // canonical
  PlanName plan = PlanName::trial;  // if a lower plan waits for the end of the period, that plan
  UserStatus status = UserStatus::active;
  std::string created_at;
  bool is_active() const { return status == UserStatus::active; }
};

class Users {
 public:
  explicit Users(Database& database) : database_(database) {}

  std::optional<User> find(const UserId& id);
  std::optional<User> find_by_email(const std::string& email);  // canonical
  User find_or_create(const std::string& email);                // canonical; on trial
  std::vector<User> list(std::size_t most);                     // newest first
  bool set_status(const UserId& id, UserStatus status);
  // Locks the user's row until the transaction's end.
  std::optional<User> lock(const UserId& id);
  // Removes the user with their sessions, links and usage. The caller must first remove what the user measured.
  bool remove(const UserId& id);

 private:
  Database& database_;
};

User user_from(const Row& row);  // with the columns of `users`

}  // namespace heretix
