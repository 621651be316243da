// Sign-in by a link that is sent to a mail address. The link holds a selector (16 bytes, hexadecimal), ":" and a
// verifier (32 bytes, base64url).
//
// The database holds the selector and the SHA-256 of the verifier, for 10 minutes. Asking for a link does the same work
// for a known and an unknown address: it counts and enqueues a job, and that job makes the account and the link.
//
// Nobody can use up the links of somebody else, because an address is counted together with whoever asks for it. If
// many networks ask for one address, it still gets a few mails an hour for requests from other networks, and as many as
// before for requests from networks that it signed in from (docs/service.md has the numbers). Owns the SQL of
// `email_tokens` and `failed_verifiers`.
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

// Who asks for a link or uses one, as texts that service/http/address.hpp makes.
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

  // Enqueues a mail to `email` (canonical) unless a limit is reached, in a transaction of its own. The caller is not
  // told which of the two happened. `next` is the page to go to after the sign-in.
  void request(const std::string& email, const LinkAsker& asker, const std::string& next);

  // Returns a new link for the user of that address, who is created if there is none. The text of the link is stored
  // nowhere.
  std::string make(const std::string& email);

  // Returns the address of an open link, for the page that asks before the link is used. Changes nothing.
  std::optional<std::string> address_of(const std::string& link);

  // Uses the link, which works once. The user's other open links are closed, and the address knows the network of the
  // asker from now on. Returns empty for every failure alike; five wrong verifiers close a selector. Runs in a
  // transaction of its own.
  std::optional<User> consume(const std::string& link, const LinkAsker& asker);

  // Forgets everything that was counted for the address, and the networks that it signed in from.
  void forget(const std::string& email);

 private:
  bool may_have_mail(const std::string& email, const LinkAsker& asker);
  std::string address_and(const std::string& email, const std::string& where) const;
  void count_failure(const std::string& selector, const std::string& verifier_hash);
  Database& database_;
  const Secret& secret_;
};

}  // namespace heretix
