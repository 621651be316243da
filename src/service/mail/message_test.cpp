#include "service/mail/message.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/mail_address.hpp"
#include "service/mail/transport.hpp"

namespace heretix {
namespace {

Mail mail_of(const std::string& from, const std::string& to, const std::string& subject = "s") {
  return {.from = from, .to = {to}, .subject = subject, .body = "b"};
}

TEST(Mail, IsOneMessageWithItsBodyInBase64) {
  const std::string text = mime_text(
      {.from = "a@b.example", .to = {"c@d.example", "e@f.example"}, .subject = "Drift", .body = "p = 0,5 → 0,9\n.\n"},
      1'700'000'000, "1@b.example");
  EXPECT_NE(text.find("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"), std::string::npos);
  EXPECT_NE(text.find("To: <c@d.example>,\r\n <e@f.example>\r\n"), std::string::npos);
  EXPECT_NE(text.find("\r\n\r\ncCA9IDAsNSDihpIgMCw5Ci4K\r\n"), std::string::npos);
}

TEST(Mail, SubjectsBeyondAsciiAreEncodedInShortWords) {
  std::string subject;
  for (int i = 0; i < 60; ++i) subject += "ü";
  const std::string text = mime_text(mail_of("a@b.c", "d@e.f", subject), 0, "1@b.c");
  std::size_t words = 0;
  for (std::size_t at = text.find("=?UTF-8?B?"); at != std::string::npos; at = text.find("=?UTF-8?B?", at + 1)) {
    ++words;
    EXPECT_LE(text.find("?=", at) + 2 - at, 75U);
  }
  EXPECT_EQ(words, 3U);
}

TEST(Mail, NothingCanEndAHeaderOrACommand) {
  for (const char* address : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "a@b\nRCPT TO:<x@y>", "<a@b>",
                              "\"a\"@b", "a@b,c@d", "-a@b", "a@b;", "ä@b.c", "a@[1.2.3.4]", "a\t@b"}) {
    EXPECT_THROW(require_sendable(mail_of("a@b.c", address)), Error) << address;
    EXPECT_THROW(require_sendable(mail_of(address, "a@b.c")), Error) << address;
  }
  EXPECT_THROW(require_sendable(mail_of("a@b.c", "d@e.f", "x\r\nBcc: y@z")), Error);
  EXPECT_THROW(require_sendable(mail_of("a@b.c", "d@e.f", "\xFF")), Error);
  EXPECT_THROW(require_sendable({.from = "a@b.c", .to = {}, .subject = "s", .body = ""}), Error);
  EXPECT_NO_THROW(require_sendable(mail_of("a.b+c@d-e.example", "x_y@z.example", "ünï")));
}

TEST(MailAddress, IsTakenOutOfTextsFromElsewhere) {
  EXPECT_EQ(without_mail_addresses("550 5.1.1 <Ada.B+c@Example.org>: user unknown"),
            "550 5.1.1 <[mail address]>: user unknown");
  EXPECT_EQ(without_mail_addresses("Key (email)=(ada@example.org) and 'x@y', z@ü.example"),
            "Key (email)=([mail address]) and '[mail address]', [mail address]");
  EXPECT_EQ(without_mail_addresses("smtps://me:word@mail.example:465"), "smtps://me:[mail address]:465");
  EXPECT_EQ(without_mail_addresses("a@b@c.d"), "[mail address]@c.d");
  EXPECT_EQ(without_mail_addresses("nothing @ all, @x, x@ and no sign"), "nothing @ all, @x, x@ and no sign");
  EXPECT_EQ(without_mail_addresses(""), "");
}

TEST(SmtpAddress, IsTakenApart) {
  const SmtpServer server = parse_smtp_url("smtps://me%40x:p%3Aw@mail.example:465/");
  EXPECT_EQ(server.url, "smtps://mail.example:465");
  EXPECT_EQ(server.user, "me@x");
  EXPECT_EQ(server.password, "p:w");
  for (const char* wrong : {"", "mail.example", "http://x", "smtp://", "smtp://:25", "smtp://a@b", "smtp://a:%zz@b",
                            "smtp://a:%4@b", "smtp://x/y", "smtp://x y"}) {
    EXPECT_THROW(parse_smtp_url(wrong), Error) << wrong;
  }
}

TEST(SmtpAddress, ErrorsHoldNoPassword) {
  try {
    parse_smtp_url("smtp://user:secret%zz@host");
    FAIL();
  } catch (const Error& e) { EXPECT_EQ((std::string(e.what()) + e.hint()).find("secret"), std::string::npos); }
}

}  // namespace
}  // namespace heretix
