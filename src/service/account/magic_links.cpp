#include "service/account/magic_links.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "base/sha256.hpp"
#include "service/account/rates.hpp"
#include "service/queue/queue.hpp"

namespace heretix {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::size_t kSelectorCharacters = 32;
constexpr std::size_t kVerifierCharacters = 43;
constexpr std::int64_t kMostFailures = 5;

constexpr std::string_view kInsert =
    "INSERT INTO email_tokens (id, user_id, selector, verifier_hash, created_at, expires_at) VALUES (:id, :user, "
    ":selector, :hash, now(), later(:life))";
constexpr std::string_view kAddressOf =
    "SELECT u.email FROM email_tokens t JOIN users u ON u.id = t.user_id WHERE t.selector = :selector AND "
    "t.verifier_hash = :hash AND t.consumed_at IS NULL AND t.expires_at > now() AND u.status = 'active'";
constexpr std::string_view kConsume =
    "UPDATE email_tokens SET consumed_at = now() WHERE selector = :selector AND verifier_hash = :hash AND consumed_at "
    "IS NULL AND expires_at > now() RETURNING user_id";
constexpr std::string_view kCloseOthers =
    "UPDATE email_tokens SET consumed_at = now() WHERE user_id = :user AND consumed_at IS NULL";
constexpr std::string_view kCountFailure =
    "INSERT INTO failed_verifiers (selector, failures) SELECT selector, 1 FROM email_tokens WHERE selector = :selector "
    "AND verifier_hash <> :hash ON CONFLICT (selector) DO UPDATE SET failures = failed_verifiers.failures + 1 "
    "RETURNING "
    "failures";
constexpr std::string_view kClose =
    "UPDATE email_tokens SET consumed_at = now() WHERE selector = :selector AND consumed_at IS NULL";

struct Parts {
  std::string selector, verifier_hash;
};

bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

std::optional<Parts> parts_of(const std::string& link) {
  if (link.size() != kSelectorCharacters + 1 + kVerifierCharacters || link[kSelectorCharacters] != ':')
    return std::nullopt;
  const std::string selector = link.substr(0, kSelectorCharacters);
  const std::string verifier = link.substr(kSelectorCharacters + 1);
  if (!consists_of(selector, "0123456789abcdef") ||
      !consists_of(verifier, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
    return std::nullopt;
  return Parts{selector, sha256_hex(verifier)};
}

// Of one network, whatever address it asks for.
const std::vector<RateLimit> kOfNetwork = {{10, minutes(15)}};
// Of one address by one client, and by all clients of one network.
const std::vector<RateLimit> kOfClient = {{3, minutes(15)}, {10, hours(24)}};
const std::vector<RateLimit> kOfClientsNetwork = {{6, minutes(15)}, {20, hours(24)}};
// Of one address by all networks that it did not sign in from, and by all that it did. Beyond that an address is being
// flooded: each site still has a mail an hour, so that its owner's has.
const std::vector<RateLimit> kOfEverybody = {{20, hours(24)}};
const std::vector<RateLimit> kOfSiteInAFlood = {{1, hours(1)}};

constexpr const char* kByNetwork = "link.network";
constexpr const char* kByClient = "link.client";
constexpr const char* kByClientsNetwork = "link.clients-network";
constexpr const char* kByStrangers = "link.strangers";
constexpr const char* kByKnown = "link.known";
constexpr const char* kBySite = "link.site";
constexpr std::array kScopesOfAddress = {kByClient, kByClientsNetwork, kByStrangers, kByKnown, kBySite, kSignedInFrom};

constexpr std::size_t kHalfSubject = 16;  // bytes: a subject has 64 hexadecimal digits

}  // namespace

// Begins alike for everything of one address.
std::string MagicLinks::address_and(const std::string& email, const std::string& where) const {
  return secret_.hash("address", email, kHalfSubject) + secret_.hash("network", where, kHalfSubject);
}

// Nothing here depends on whether the address has an account, only on what was asked for before: neither the answer nor
// its time tells one address from another. What is refused to a client is not counted for others of its network. The
// scopes are locked in one order, so that no two requests wait for each other.
bool MagicLinks::may_have_mail(const std::string& email, const LinkAsker& asker) {
  const bool by_network = count_event(database_, kByNetwork, secret_.hash("network", asker.network), kOfNetwork);
  if (!count_event(database_, kByClient, address_and(email, asker.client), kOfClient) || !by_network) return false;
  if (!count_event(database_, kByClientsNetwork, address_and(email, asker.network), kOfClientsNetwork)) return false;

  const bool is_known = has_happened(database_, kSignedInFrom, address_and(email, asker.network), kNetworkKnownFor);
  const char* by_everybody = is_known ? kByKnown : kByStrangers;
  if (count_event(database_, by_everybody, address_and(email, ""), kOfEverybody)) return true;
  return count_event(database_, kBySite, address_and(email, asker.site), kOfSiteInAFlood);
}

void MagicLinks::request(const std::string& email, const LinkAsker& asker, const std::string& next) {
  const nlohmann::json payload = {{"email", email}, {"next", next}};
  in_transaction(database_,
                 [&] {
                   if (may_have_mail(email, asker))
                     // Whose mail it is can be told from the job's name, so that it goes with the account.
                     Queue(database_).enqueue({.kind = kLinkMailJob,
                                               .unique_key = secret_.hash("address", email) + new_uuid(),
                                               .payload = payload.dump()});
                 },
                 {.isolation = Isolation::beside_others});
}

void MagicLinks::forget(const std::string& email) {
  for (const char* scope : kScopesOfAddress)
    forget_events(database_, scope, secret_.hash("address", email, kHalfSubject));
}

std::string MagicLinks::make(const std::string& email) {
  const User user = Users(database_).find_or_create(email);
  const std::string selector = random_hex(16);
  const std::string verifier = to_base64url(random_bytes(32));
  database_.execute(kInsert, {{":id", new_uuid()},
                              {":user", user.id},
                              {":selector", selector},
                              {":hash", sha256_hex(verifier)},
                              {":life", static_cast<double>(kLinkLife.count())}});
  return selector + ":" + verifier;
}

std::optional<std::string> MagicLinks::address_of(const std::string& link) {
  const auto parts = parts_of(link);
  if (!parts) return std::nullopt;
  const auto rows = database_.query(kAddressOf, {{":selector", parts->selector}, {":hash", parts->verifier_hash}});
  return rows.empty() ? std::nullopt : rows[0].text("email");
}

// A right verifier that comes again is no failure.
void MagicLinks::count_failure(const std::string& selector, const std::string& verifier_hash) {
  const auto rows = database_.change(kCountFailure, {{":selector", selector}, {":hash", verifier_hash}});
  if (!rows.empty() && rows[0].integer("failures").value_or(0) >= kMostFailures)
    database_.execute(kClose, {{":selector", selector}});
}

std::optional<User> MagicLinks::consume(const std::string& link, const LinkAsker& asker) {
  const auto parts = parts_of(link);
  if (!parts) return std::nullopt;
  std::optional<User> user;
  in_transaction(
      database_,
      [&] {
        user.reset();
        const auto rows = database_.change(kConsume, {{":selector", parts->selector}, {":hash", parts->verifier_hash}});
        if (rows.empty()) {
          count_failure(parts->selector, parts->verifier_hash);
          return;
        }
        user = Users(database_).find(rows[0].id<UserId>("user_id"));
        database_.execute(kCloseOthers, {{":user", user->id}});
        note_latest(database_, kSignedInFrom, address_and(user->email, asker.network));
      },
      {.isolation = Isolation::beside_others});
  return user && user->is_active() ? user : std::nullopt;
}

}  // namespace heretix
