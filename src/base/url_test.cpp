#include "base/url.hpp"

#include <gtest/gtest.h>

#include <string>

namespace heretix {
namespace {

TEST(Url, IsTakenApartAsLibcurlConnects) {
  const auto url = parse_url("HTTPS://me%40x:p%3Aw@API.Example:8443/v1/a%2Fb?x=1#here");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->user, "me@x");
  EXPECT_EQ(url->password, "p:w");
  EXPECT_EQ(url->host, "api.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/v1/a%2Fb");
  EXPECT_EQ(url->query, "x=1");
  EXPECT_EQ(url->fragment, "here");
  EXPECT_EQ(url->origin(), "https://api.example:8443");
  EXPECT_EQ(url->address(), "https://api.example:8443/v1/a%2Fb?x=1") << "neither user nor password";
}

TEST(Url, WithoutAHostThatCanBeConnectedToIsNone) {
  for (const char* wrong : {"",
                            "api.example",
                            "//api.example",
                            "http:",
                            "http://",
                            "http://:80",
                            "http://user@",
                            "http://a b",
                            "http://a\nb",
                            "http://h:99999",
                            "http://h:0",
                            "http://h:+80",
                            "http://h:8o",
                            "http://[::1",
                            "http://[::1]x",
                            "http://[fe80::1%25eth0]",
                            "http://b\u00fccher.example",
                            "http://a%C3%BCb",
                            "http://u:%zz@h",
                            "http://u:%4@h",
                            "http://u:p@q@h",
                            "http://u@x:p@h",
                            "http://h/a b",
                            "file:///etc/hostname"})
    EXPECT_FALSE(parse_url(wrong)) << wrong;
  EXPECT_FALSE(parse_url(std::string("http://127.0.0.1\0.example", 25))) << "libcurl would stop at the NUL";
}

// What is judged is the whole host that is connected to, whatever stands around it or before it.
TEST(Url, IsOnLoopbackByItsWholeHost) {
  for (const char* near : {"http://localhost", "http://LOCALHOST:80/x", "http://127.0.0.1", "http://127.255.0.9:1",
                           "http://[::1]:8080", "http://[0:0:0:0:0:0:0:1]", "http://127.1", "http://2130706433",
                           "http://0x7f.0.0.1", "http://user:p@localhost", "http://local%68ost"})
    EXPECT_TRUE(parse_url(near)->is_on_loopback()) << near;
  for (const char* far :
       {"http://127.0.0.1.evil.example", "http://127.evil.example", "http://localhost.evil.example",
        "http://localhost@evil.example", "http://127.0.0.1:80@evil.example", "http://evil.example/127.0.0.1",
        "http://evil.example?localhost", "http://evil.example#@localhost", "http://localhost.", "http://127.0.0.1.",
        "http://[::2]", "http://[::ffff:127.0.0.1]", "http://128.0.0.1", "http://0", "http://xlocalhost",
        "http://127.0.0.1%2eevil.example", "http://1270.0.0.1"})
    EXPECT_FALSE(parse_url(far)->is_on_loopback()) << far;
}

TEST(Url, KeepsSecretsOnlyEncryptedOrOnThisMachine) {
  for (const char* safe : {"https://api.example", "smtps://mail.example", "http://localhost:8080", "smtp://[::1]"})
    EXPECT_TRUE(parse_url(safe)->is_safe_for_secrets()) << safe;
  for (const char* open : {"http://api.example", "smtp://mail.example:587", "http://127.0.0.1.evil.example"})
    EXPECT_FALSE(parse_url(open)->is_safe_for_secrets()) << open;
}

TEST(Url, OriginsHaveOneSpelling) {
  EXPECT_EQ(parse_origin("https://Heretix.Example:443/")->origin(), "https://heretix.example");
  EXPECT_EQ(parse_origin("http://[0:0::1]:8080")->origin(), "http://[::1]:8080");
  for (const char* wrong : {"https://h/x", "https://h?x", "https://h#x", "https://u@h", "ftp://h", "null", "h"})
    EXPECT_FALSE(parse_origin(wrong)) << wrong;
}

TEST(Url, RedirectsAreResolvedAgainstWhatWasAsked) {
  const Url base = *parse_url("https://api.example/v1/chat");
  EXPECT_EQ(resolve_url(base, "/v2")->authority(), "api.example");
  EXPECT_EQ(resolve_url(base, "//other.example/x")->authority(), "other.example");
  EXPECT_EQ(resolve_url(base, "http://127.0.0.1:81/x")->authority(), "127.0.0.1:81");
  EXPECT_FALSE(resolve_url(base, "http://[::1"));
}

TEST(Url, AHostHeaderIsAHostAndAPort) {
  EXPECT_EQ(host_of_authority("Heretix.Example:8080"), "heretix.example");
  EXPECT_EQ(host_of_authority("[::1]:8080"), "[::1]");
  EXPECT_EQ(host_of_authority("heretix.example."), "heretix.example.");
  for (const char* wrong : {"", " ", ":80", "a b", "a/b", "a?b", "a#b", "a\\b", "u@localhost", "localhost%2eevil",
                            "evil.example#@localhost", "localhost:80:80", "localhost:x", "a,b", "::1"})
    EXPECT_FALSE(host_of_authority(wrong)) << wrong;
  EXPECT_EQ(url_host("::1"), "[::1]");
  EXPECT_EQ(url_host("[::1]"), "[::1]");
  EXPECT_EQ(url_host("localhost"), "localhost");
}

TEST(Url, IsShownWithoutItsSecrets) {
  EXPECT_EQ(shown_url("https://me:secret@h:8080/v1?token=secret#secret"), "https://h:8080/v1");
  EXPECT_EQ(shown_url("s3://bucket?endpoint_override=x"), "s3://bucket");
  EXPECT_EQ(shown_url("ftp//h"), "ftp//h");
  for (const char* broken : {"https://me:secret@h:port", "https://me:sec@ret@h", "s3://key:se/cret@bucket/x",
                             "me:secret@h", "https://h h?secret"})
    EXPECT_EQ(shown_url(broken).find("cret"), std::string::npos) << broken;
  EXPECT_EQ(shown_url("https://me:sec@ret@h"), "https://…");
}

TEST(Percent, IsDecodedWhereItIsWhole) {
  EXPECT_EQ(percent_decoded("a%2Fb%20%C3%BC+"), "a/b \xC3\xBC+");
  EXPECT_EQ(percent_decoded(""), "");
  EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
  for (const char* broken : {"%", "%2", "%zz", "a%2", "%%20", "% 20"}) EXPECT_FALSE(percent_decoded(broken)) << broken;
  EXPECT_EQ(percent_decoded_where_possible("100%25 of %zz and %4"), "100% of %zz and %4");
}

}  // namespace
}  // namespace heretix
