// Sign-in by a link sent to a mail address: selector (16 bytes, hexadecimal) ":" verifier (32 bytes, base64url).
//
// The database holds the selector and the SHA-256 of the verifier, for 10 minutes. Asking for a link does the same work
// for an address that is known and one that is not: it counts and enqueues; the mail's job makes account and link.
//
// Nobody can use up somebody else's links: what is counted is an address together with whoever asks for it. Where many
// networks ask for one address, it still gets a few mails an hour from networks that were not among them, and as many
// as ever from those it signed in from (docs/service.md has the numbers).
// Owns the SQL of `email_tokens` and `failed_verifiers`.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "service/account/secret.hpp"
#include "service/account/users.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr std::chrono::seconds kLinkLife = std::chrono::minutes(10);
inline constexpr const char* kLinkMailJob = "mail.link";

// Who asks for a link, or uses one, as texts; service/http/address.hpp makes them.
struct LinkAsker {
  std::string client;   // "192.0.2.7/32" or "2001:db8:1:2::/64"
  std::string network;  // "192.0.2.0/24" or "2001:db8:1::/56"
  std::string site;     // "192.0.2.0/24" or "2001:db8:1::/48": an IPv6 customer may have many networks
};

inline constexpr std::chrono::seconds kNetworkKnownFor = std::chrono::days(90);  // after a sign-in from it
inline constexpr const char* kSignedInFrom = "link.signed-in";                   // a scope of `rate_events`

class MagicLinks {
 public:
  MagicLinks(Database& database, const Secret& secret) : database_(database), secret_(secret) {}

  // A mail's job for `email` (canonical), unless its limits are reached, in a transaction of its own; nobody is told
  // which. `next`: where the page goes after the sign-in.
  void request(const std::string& email, const LinkAsker& asker, const std::string& next);

  // The address's user, made where there is none, and a link for it: its text is nowhere else.
  std::string make(const std::string& email);

  // Whose an open link is, for the page that asks before it is used. Changes nothing.
  std::optional<std::string> address_of(const std::string& link);

  // Uses the link, once: the user's other open links close, and the asker's network is known to the address from now
  // on. Empty for every failure alike; five wrong verifiers close a selector. In a transaction of its own.
  std::optional<User> consume(const std::string& link, const LinkAsker& asker);

  // Everything that was counted for the address, and the networks that it signed in from.
  void forget(const std::string& email);

 private:
  bool may_have_mail(const std::string& email, const LinkAsker& asker);
  std::string address_and(const std::string& email, const std::string& where) const;
  void count_failure(const std::string& selector, const std::string& verifier_hash);
  Database& database_;
  const Secret& secret_;
};

}  // namespace heretix
