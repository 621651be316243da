#include "service/mail/message.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/mail_address.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kLineBytes = 57;  // 76 characters of base64

std::string base64_lines(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += kLineBytes) out += to_base64(bytes.substr(i, kLineBytes)) + "\r\n";
  return out;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

// RFC 2047: encoded words of at most 75 characters, cut between code points.
std::string encoded_header(const std::string& text) {
  if (is_ascii(text) && text.size() <= 900) return text;
  std::string out, piece;
  const auto flush = [&] {
    out += (out.empty() ? "" : "\r\n ") + std::string("=?UTF-8?B?") + to_base64(piece) + "?=";
    piece.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    std::size_t next = i + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80) ++next;
    if (piece.size() + next - i > 42) flush();
    piece += text.substr(i, next - i);
    i = next;
  }
  flush();
  return out;
}

}  // namespace

void require_sendable(const Mail& mail) {
  require_mail_address(mail.from);
  if (mail.to.empty()) throw Error(ErrorKind::bad_input, "the mail has no recipient");
  for (const std::string& address : mail.to) require_mail_address(address);
  if (first_invalid_utf8(mail.subject) ||
      std::ranges::any_of(mail.subject, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    throw Error(ErrorKind::bad_input, "the subject contains a line break or another control character");
}

std::string mime_text(const Mail& mail, long long date, const std::string& id) {
  require_sendable(mail);
  return fmt::format(
      "Date: {:%a, %d %b %Y %H:%M:%S} +0000\r\nFrom: <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}>\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n{}",
      fmt::gmtime(static_cast<std::time_t>(date)), mail.from, fmt::join(mail.to, ">,\r\n <"),
      encoded_header(mail.subject), id, base64_lines(mail.body));
}

}  // namespace heretix
