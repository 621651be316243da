// Sends one mail, by whichever way the operator set up: SMTP, Postmark's HTTP interface, or a folder.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "service/mail/message.hpp"
#include "service/mail/transport.hpp"

namespace heretix {

inline constexpr const char* kSignInSubject = "Sign in to Heretix";

// The mails with that subject that went to that address.
struct SentMails {
  std::string subject;
  std::string address;
};

class Mailer {
 public:
  virtual ~Mailer() = default;
  // Blocks; several threads may call it. Throws Error: unavailable (the mail was not taken, or that is not known; try
  // again), not_allowed (it was refused for good), bad_input (an address or a header is not valid).
  virtual void send(const Mail& mail) = 0;
  // If mails wait in a folder, these remove the ones with that subject that go to that address, or that are older.
  // Other mailers do nothing.
  virtual void forget(const SentMails& /*mails*/) {}
  virtual void forget_older_than(const std::string& /*subject*/, std::chrono::seconds /*age*/) {}
};

std::unique_ptr<Mailer> make_smtp_mailer(SmtpServer server, const Clock& clock);

struct PostmarkServer {
  std::string url = "https://api.postmarkapp.com/email";
  std::string token;
  std::string ca_file;
};
std::unique_ptr<Mailer> make_postmark_mailer(PostmarkServer server);

// `tell` is called with each mail and the path of its file, so that the terminal can show it if no mail server is set
// up.
std::unique_ptr<Mailer> make_outbox_mailer(std::string folder, const Clock& clock,
                                           std::function<void(const Mail& mail, const std::string& path)> tell);

}  // namespace heretix
