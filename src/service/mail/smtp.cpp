#include <fmt/format.h>

#include "base/text.hpp"
#include "base/url.hpp"
#include "service/mail/curl_call.hpp"
#include "service/mail/transport.hpp"

namespace heretix {
namespace {

constexpr const char* kShape = "smtps://user:password@host:465, or smtp://host:587";

[[noreturn]] void refuse_url(const std::string& what) {
  throw Error(ErrorKind::bad_input, "the SMTP address " + what, kShape);
}

// What a server that speaks 5xx, or refuses the sign-in, will not take at another time either.
bool is_final(CURLcode code, long answer) {
  return code == CURLE_LOGIN_DENIED || (answer >= 500 && answer < 600) || code == CURLE_PEER_FAILED_VERIFICATION;
}

}  // namespace

SmtpServer parse_smtp_url(const std::string& text) {
  const std::string start = to_lower_ascii(text.substr(0, text.find("://")));
  if (start != "smtp" && start != "smtps") refuse_url("begins with neither smtp:// nor smtps://");
  const auto url = parse_url(text);
  if (!url)
    refuse_url("cannot be read as a URL; in its user and password write @ : / ? # % as %40 %3A %2F %3F %23 %25");
  if (url->path != "/" || url->query || url->fragment) refuse_url("contains more than a host and a port");
  if (url->user && !url->password) refuse_url("names a user but no password");

  SmtpServer server;
  server.url = url->scheme + "://" + url->authority();
  server.user = url->user.value_or("");
  server.password = url->password.value_or("");
  // Otherwise TLS is required, also where the server offers none: the sign-in and the mails' links would be readable.
  server.may_be_unencrypted = url->is_on_loopback();
  return server;
}

void send_by_smtp(const SmtpServer& server, const Mail& mail, const std::string& text) {
  require_sendable(mail);
  CurlCall call(server.url, "smtp,smtps", text, server.timeout, server.ca_file);
  const std::string from = "<" + mail.from + ">";
  for (const std::string& to : mail.to) call.add_line("<" + to + ">");
  call.set(CURLOPT_MAIL_FROM, from.c_str());
  call.set(CURLOPT_UPLOAD, 1L);
  call.set(CURLOPT_USE_SSL, static_cast<long>(server.may_be_unencrypted ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  if (!server.user.empty()) {
    call.set(CURLOPT_USERNAME, server.user.c_str());
    call.set(CURLOPT_PASSWORD, server.password.c_str());
  }
  const CURLcode code = call.perform(CURLOPT_MAIL_RCPT);
  if (code == CURLE_OK) return;
  const long answer = call.response_code();
  throw Error(is_final(code, answer) ? ErrorKind::not_allowed : ErrorKind::unavailable,
              fmt::format("{} did not accept the mail: {}", shown_url(server.url), on_one_line(call.told(code))),
              is_final(code, answer) ? "correct HERETIX_SMTP_URL or the addresses"
                                     : "the mail waits in the outbox and is sent later");
}

void require_webhook_url(const std::string& text) {
  const auto url = parse_url(text);
  if (!url || (url->scheme != "https" && url->scheme != "http"))
    throw Error(ErrorKind::bad_input,
                fmt::format("the webhook's address '{}' is not an https:// or http:// address", shown_url(text)),
                "e.g. https://hooks.example.org/heretix");
}

void post_webhook(const std::string& url, const std::string& json, const std::string& ca_file) {
  require_webhook_url(url);
  CurlCall call(url, "http,https", json, std::chrono::seconds(20), ca_file);
  call.add_line("Content-Type: application/json");
  call.add_line("Expect:");
  call.set(CURLOPT_POST, 1L);
  call.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  const CURLcode code = call.perform(CURLOPT_HTTPHEADER);
  const long status = call.response_code();
  if (code == CURLE_OK && status >= 200 && status < 300) return;
  throw Error(ErrorKind::unavailable,
              code == CURLE_OK ? fmt::format("the webhook answered {}", status)
                               : fmt::format("the webhook cannot be reached: {}", on_one_line(call.told(code))),
              "check --webhook; the alarm itself is in the store");
}

}  // namespace heretix
