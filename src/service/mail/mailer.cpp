#include "service/mail/mailer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "service/mail/curl_call.hpp"

namespace heretix {
namespace {

class SmtpMailer final : public Mailer {
 public:
  SmtpMailer(SmtpServer server, const Clock& clock) : server_(std::move(server)), clock_(clock) {}
  void send(const Mail& mail) override {
    require_sendable(mail);
    const std::string domain = mail.from.substr(mail.from.find('@') + 1);
    send_by_smtp(server_, mail, mime_text(mail, unix_seconds(clock_.now()), random_hex(16) + "@" + domain));
  }

 private:
  SmtpServer server_;
  const Clock& clock_;
};

class PostmarkMailer final : public Mailer {
 public:
  explicit PostmarkMailer(PostmarkServer server) : server_(std::move(server)) {}
  void send(const Mail& mail) override {
    require_sendable(mail);

    const std::string body = nlohmann::json{
        {"From", mail.from},
        {"To", fmt::format("{}", fmt::join(mail.to, ","))},
        {"Subject", mail.subject},
        {"TextBody", mail.body},
        {"MessageStream",
         "outbound"}}.dump();

    CurlCall call(server_.url, "http,https", body, std::chrono::seconds(20), server_.ca_file);
    call.add_line("Content-Type: application/json");
    call.add_line("Accept: application/json");
    call.add_line("X-Postmark-Server-Token: " + server_.token);
    // An empty Expect header keeps libcurl from waiting for a 100 Continue before it sends the body.
    call.add_line("Expect:");
    call.set(CURLOPT_POST, 1L);
    call.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));

    const CURLcode code = call.perform(CURLOPT_HTTPHEADER);
    const long status = call.response_code();
    if (code == CURLE_OK && status == 200) return;

    // A 4xx answer would be the same next time, except 429, which only asks the sender to slow down.
    const bool is_final = code == CURLE_OK && status >= 400 && status < 500 && status != 429;
    throw Error(is_final ? ErrorKind::not_allowed : ErrorKind::unavailable,
                code == CURLE_OK ? fmt::format("the mail service answered {}", status)
                                 : fmt::format("the mail service cannot be reached: {}", on_one_line(call.told(code))),
                "check HERETIX_POSTMARK_TOKEN and HERETIX_MAIL_FROM");
  }

 private:
  PostmarkServer server_;
};

class OutboxMailer final : public Mailer {
 public:
  OutboxMailer(std::string folder, const Clock& clock, std::function<void(const Mail&, const std::string&)> tell)
      : outbox_(std::move(folder)), clock_(clock), tell_(std::move(tell)) {}
  void send(const Mail& mail) override { tell_(mail, outbox_.put(mail, clock_)); }
  void forget(const SentMails& mails) override {
    outbox_.remove(mails.subject,
                   [&](const Mail& mail, std::int64_t) { return mail.to == std::vector{mails.address}; });
  }
  void forget_older_than(const std::string& subject, std::chrono::seconds age) override {
    const std::int64_t before = unix_micros(clock_.now() - age);
    outbox_.remove(subject, [&](const Mail&, std::int64_t written) { return written < before; });
  }

 private:
  Outbox outbox_;
  const Clock& clock_;
  std::function<void(const Mail&, const std::string&)> tell_;
};

}  // namespace

std::unique_ptr<Mailer> make_smtp_mailer(SmtpServer server, const Clock& clock) {
  return std::make_unique<SmtpMailer>(std::move(server), clock);
}
std::unique_ptr<Mailer> make_postmark_mailer(PostmarkServer server) {
  return std::make_unique<PostmarkMailer>(std::move(server));
}
std::unique_ptr<Mailer> make_outbox_mailer(std::string folder, const Clock& clock,
                                           std::function<void(const Mail& mail, const std::string& path)> tell) {
  return std::make_unique<OutboxMailer>(std::move(folder), clock, std::move(tell));
}

}  // namespace heretix
