// Sign-in by a link sent to a mail address: selector (16 bytes, hexadecimal) ":" verifier (32 bytes, base64url).
//
// The database holds the selector and the SHA-256 of the verifier, for 10 minutes. Asking for a link does the same work
// for an address that is known and one that is not: it counts and enqueues; the mail's job makes account and link.
// Owns the SQL of `email_tokens` and `failed_verifiers`.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "account/secret.hpp"
#include "account/users.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr std::chrono::seconds kLinkLife = std::chrono::minutes(10);
inline constexpr const char* kLinkMailJob = "mail.link";

class MagicLinks {
 public:
  MagicLinks(Database& database, const Secret& secret) : database_(database), secret_(secret) {}

  // A mail's job for `email` (canonical), unless its limits are reached, in a transaction of its own; nobody is told
  // which. `network`: the asker's, as text. `next`: where the page goes after the sign-in.
  void request(const std::string& email, const std::string& network, const std::string& next);

  // The address's user, made where there is none, and a link for it: its text is nowhere else.
  std::string make(const std::string& email);

  // Whose an open link is, for the page that asks before it is used. Changes nothing.
  std::optional<std::string> address_of(const std::string& link);

  // Uses the link, once: the user's other open links close. Empty for every failure alike; five wrong verifiers close a
  // selector. In a transaction of its own.
  std::optional<User> consume(const std::string& link);

 private:
  void count_failure(const std::string& selector, const std::string& verifier_hash);
  Database& database_;
  const Secret& secret_;
};

}  // namespace heretix
