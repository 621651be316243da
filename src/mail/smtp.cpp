#include <fmt/format.h>

#include "base/text.hpp"
#include "mail/curl_call.hpp"
#include "mail/transport.hpp"

namespace heretix {
namespace {

constexpr const char* kShape = "smtps://user:password@host:465, or smtp://host:587";

[[noreturn]] void refuse_url(const std::string& what) {
  throw Error(ErrorKind::bad_input, "the SMTP address " + what, kShape);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) refuse_url("has a broken %xx in its user or password");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool is_loopback(const std::string& host) { return host.starts_with("127.") || host == "localhost" || host == "[::1]"; }

std::string host_in(const std::string& url) {
  const std::size_t start = url.find("//") + 2;
  const std::size_t end = url[start] == '[' ? url.find(']', start) + 1 : url.find_first_of(":/", start);
  return url.substr(start, end == std::string::npos ? end : end - start);
}

// What a server that speaks 5xx, or refuses the sign-in, will not take at another time either.
bool is_final(CURLcode code, long answer) {
  return code == CURLE_LOGIN_DENIED || (answer >= 500 && answer < 600) || code == CURLE_PEER_FAILED_VERIFICATION;
}

}  // namespace

SmtpServer parse_smtp_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::string name = url.substr(0, scheme);
  if (scheme == std::string::npos || (name != "smtp" && name != "smtps"))
    refuse_url("begins neither with smtp:// nor smtps://");
  std::string rest = url.substr(scheme + 3);
  while (!rest.empty() && rest.back() == '/') rest.pop_back();
  if (rest.find_first_of(" \t\r\n/?#") != std::string::npos) refuse_url("holds more than a host and a port");
  SmtpServer server;
  const std::size_t at = rest.rfind('@');
  if (at != std::string::npos) {
    const std::string who = rest.substr(0, at);
    const std::size_t colon = who.find(':');
    if (colon == std::string::npos) refuse_url("names a user but no password");
    server.user = decoded(who.substr(0, colon));
    server.password = decoded(who.substr(colon + 1));
    rest = rest.substr(at + 1);
  }
  if (rest.empty() || rest[0] == ':') refuse_url("names no host");
  server.url = name + "://" + rest;
  return server;
}

void send_by_smtp(const SmtpServer& server, const Mail& mail, const std::string& text) {
  require_sendable(mail);
  CurlCall call(server.url, "smtp,smtps", text, server.timeout, server.ca_file);
  const std::string from = "<" + mail.from + ">";
  for (const std::string& to : mail.to) call.add_line("<" + to + ">");
  call.set(CURLOPT_MAIL_FROM, from.c_str());
  call.set(CURLOPT_UPLOAD, 1L);
  call.set(CURLOPT_USE_SSL, static_cast<long>(is_loopback(host_in(server.url)) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  if (!server.user.empty()) {
    call.set(CURLOPT_USERNAME, server.user.c_str());
    call.set(CURLOPT_PASSWORD, server.password.c_str());
  }
  const CURLcode code = call.perform(CURLOPT_MAIL_RCPT);
  if (code == CURLE_OK) return;
  const long answer = call.response_code();
  throw Error(is_final(code, answer) ? ErrorKind::not_allowed : ErrorKind::unavailable,
              fmt::format("{} did not take the mail: {}", host_in(server.url), on_one_line(call.told(code))),
              is_final(code, answer) ? "correct HERETIX_SMTP_URL or the addresses"
                                     : "it waits in the outbox and is sent later");
}

void post_webhook(const std::string& url, const std::string& json, const std::string& ca_file) {
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    throw Error(ErrorKind::bad_input, "the webhook's address begins neither with https:// nor http://");
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
              "check --webhook; the alarm itself stands in the store");
}

}  // namespace heretix
