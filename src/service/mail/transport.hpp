// Sends mails by SMTP, or puts them into an outbox folder from which a later process sends them. Also posts webhooks,
// for machines.
//
// No mail in an outbox is lost: it is first a file there, named by its message id, and the file is removed only after
// the server has taken the mail. A server may therefore receive a mail twice, with the same Message-ID, but never not
// at all.
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
  bool may_be_unencrypted = false;  // smtp:// to a server without STARTTLS; on loopback only
  std::string ca_file;              // empty: the system's own list
  std::chrono::milliseconds timeout{30'000};
};

// Reads "smtps://user:password@host:465" by base/url.hpp; in user and password the characters @ : / ? # % are written
// as %xx. Throws Error{bad_input}, with a message that holds neither user nor password.
SmtpServer parse_smtp_url(const std::string& url);

// Blocks. Throws Error{unavailable} if it may be tried again, and Error{not_allowed} if the server refuses for good
// (5xx: the sign-in, an address or the mail).
void send_by_smtp(const SmtpServer& server, const Mail& mail, const std::string& text);

// A folder of mails that wait. Each is a file <id>.eml with mode 0600 and its envelope in the first line. One process
// at a time sends them.
class Outbox {
 public:
  explicit Outbox(std::string folder) : folder_(std::move(folder)) {}

  // Writes and syncs the whole file, or leaves none under that name. Returns the file's path. Throws Error{bad_input,
  // not_allowed}.
  std::string put(const Mail& mail, const Clock& clock);

  struct Delivered {
    std::size_t sent = 0;
    std::vector<std::string> failures;  // each names the file and what went wrong; the file stays
  };
  // Oldest first. A mail that the server refuses for good is renamed to <id>.refused.
  Delivered deliver(const SmtpServer& server);
  std::vector<std::string> waiting() const;  // paths, oldest first

  // Removes the mails with that subject, waiting or refused, for which `is_meant` returns true. It is called with the
  // addresses of the envelope and the time at which the mail was written, in UNIX microseconds.
  void remove(const std::string& subject,
              const std::function<bool(const Mail& envelope, std::int64_t written)>& is_meant) const;

 private:
  std::string folder_;
};

// Throws Error{bad_input} for a text that is not an http or https URL; the message holds no secret part of it.
void require_webhook_url(const std::string& text);

// Posts a JSON text. A 2xx answer is success, and redirects are not followed. Throws Error{unavailable}, and
// Error{bad_input} for an address that is not http or https.
void post_webhook(const std::string& url, const std::string& json, const std::string& ca_file);

}  // namespace heretix
