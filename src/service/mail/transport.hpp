// How a mail leaves: by SMTP, or into an outbox folder from which a later process sends it. And webhooks, for machines.
//
// Nothing is lost: a mail is first a file in the outbox, named by its message id, and that file goes only after the
// server took the mail. A server may therefore see a mail twice, with one Message-ID, never not at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "service/mail/message.hpp"

namespace heretix {

struct SmtpServer {
  std::string url;                  // smtp://host:587 (STARTTLS) or smtps://host:465
  std::string user, password;       // both empty: no sign-in
  bool may_be_unencrypted = false;  // over smtp://, where the server has no STARTTLS: on loopback only
  std::string ca_file;              // empty: the system's
  std::chrono::milliseconds timeout{30'000};
};

// From "smtps://user:password@host:465", taken apart by base/url.hpp; in user and password @ : / ? # % are written as
// %xx. Throws Error{bad_input}; the message holds neither of the two.
SmtpServer parse_smtp_url(const std::string& url);

// Blocks. Throws Error{unavailable} where it may be tried again, Error{not_allowed} where the server refuses for good
// (5xx: sign-in, an address, the mail).
void send_by_smtp(const SmtpServer& server, const Mail& mail, const std::string& text);

// A folder of mails that wait: <id>.eml, 0600, its envelope in the first line. One process at a time sends.
class Outbox {
 public:
  explicit Outbox(std::string folder) : folder_(std::move(folder)) {}

  // Written and synced under its name, or not there. Returns the file's path. Throws Error{bad_input, not_allowed}.
  std::string put(const Mail& mail, const Clock& clock);

  struct Delivered {
    std::size_t sent = 0;
    std::vector<std::string> failures;  // each names the file and what went wrong; the file stays
  };
  // Oldest first. A mail that the server refuses for good is renamed to <id>.refused.
  Delivered deliver(const SmtpServer& server);
  std::vector<std::string> waiting() const;  // paths, oldest first

  // Removes mails of that subject, waiting or refused, of which `is_meant` says so. It is handed the envelope's
  // addresses and when the mail was written, in UNIX microseconds.
  void remove(const std::string& subject,
              const std::function<bool(const Mail& envelope, std::int64_t written)>& is_meant) const;

 private:
  std::string folder_;
};

// Throws Error{bad_input} for what is no http or https URL; the message holds no secret part of it.
void require_webhook_url(const std::string& text);

// POST of a JSON text; 2xx is success, redirects are not followed. Throws Error{unavailable}, Error{bad_input} for an
// address that is not http or https.
void post_webhook(const std::string& url, const std::string& json, const std::string& ca_file);

}  // namespace heretix
