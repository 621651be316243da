#include "http/head.hpp"

#include <gtest/gtest.h>

#include "http/address.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace heretix::http {
namespace {

TEST(Head, IsReadWithItsFramingAndItsHeadersInLowerCase) {
  const ReadHead read =
      read_head("POST /api/checks?x=1 HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(read.status, 0) << read.reason;
  EXPECT_EQ(read.head.method, "POST");
  EXPECT_EQ(read.head.target, "/api/checks?x=1");
  EXPECT_EQ(read.head.headers.at("x-a"), "1, 2");
  EXPECT_EQ(read.head.content_length, 7U);
  EXPECT_TRUE(read.head.keeps_alive);
}

TEST(Head, OfHttp10ClosesUnlessItSaysOtherwise) {
  EXPECT_FALSE(read_head("GET / HTTP/1.0\r\n\r\n").head.keeps_alive);
  EXPECT_TRUE(read_head("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").head.keeps_alive);
  EXPECT_FALSE(read_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").head.keeps_alive);
}

TEST(Head, WithTwoWaysToReadItIsRefused) {
  const auto status_of = [](const std::string& headers) {
    return read_head("POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n").status;
  };
  EXPECT_EQ(status_of("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_of("Content-Length: 1\r\nContent-Length: 1\r\n"), 400);
  EXPECT_EQ(status_of("Transfer-Encoding: gzip\r\n"), 501);
  EXPECT_EQ(status_of("X: a\r\n b\r\n"), 400);
  EXPECT_EQ(status_of("Content-Length: 65537\r\n"), 413);
  EXPECT_EQ(status_of("Content-Length: 65536\r\n"), 0);
  EXPECT_EQ(status_of("Host: b\r\n"), 400);
}

TEST(Head, ThatNeverEndsIsTooLongByItsLineOrItsHeaders) {
  EXPECT_EQ(status_of_overlong("GET /" + std::string(kMostHeadBytes, 'a')), 414);
  EXPECT_EQ(status_of_overlong("GET / HTTP/1.1\r\nX: " + std::string(kMostHeadBytes, 'a')), 431);
}

TEST(Router, TakesOneSegmentForAName) {
  constexpr std::array kPatterns = {Pattern{"GET", "/a/{id}"}, Pattern{"POST", "/a/{id}"}, Pattern{"GET", "/a/b/c"}};
  const auto found = find_route(kPatterns, "HEAD", "/a/x%20y");
  ASSERT_TRUE(found.routed);
  EXPECT_EQ(found.routed->parameters.at("id"), "x y");
  EXPECT_EQ(find_route(kPatterns, "POST", "/a/x").routed->route, 1U);
  EXPECT_EQ(find_route(kPatterns, "DELETE", "/a/x").allowed, (std::vector<std::string>{"GET", "HEAD", "POST"}));
  for (const char* path :
       {"", "/", "/a", "/a/", "/a//", "/a/x/", "//a/x", "/a/%", "/a/%zz", "/a/%ff", "/A/x", "/a/b/c/d"})
    EXPECT_FALSE(find_route(kPatterns, "GET", path).routed) << path;
}

TEST(Message, ReadsCookiesAndQueries) {
  ServiceRequest request;
  request.headers["cookie"] = "a=1; heretix=abc=d ;b";
  request.query = "search=100%25+of&x&=y";
  EXPECT_EQ(request.cookie("heretix"), "abc=d");
  EXPECT_FALSE(request.cookie("heret"));
  EXPECT_EQ(request.parameter("search"), "100% of");
  EXPECT_FALSE(request.parameter("y"));
  request.query = "search=%ff";
  EXPECT_FALSE(request.parameter("search"));
}

TEST(Address, IsTheNearestThatNoTrustedProxyHas) {
  const auto trusted = parse_ranges("10.0.0.0/8, ::1, 192.0.2.7");
  EXPECT_EQ(client_address("203.0.113.1", "1.2.3.4", trusted), "203.0.113.1");
  EXPECT_EQ(client_address("10.1.1.1", "9.9.9.9, 1.2.3.4, 10.2.2.2", trusted), "1.2.3.4");
  EXPECT_EQ(client_address("10.1.1.1", "", trusted), "10.1.1.1");
  EXPECT_EQ(client_address("10.1.1.1", "x, 192.0.2.7", trusted), "192.0.2.7");
  EXPECT_EQ(client_address("::ffff:10.1.1.1", "1.2.3.4", trusted), "1.2.3.4");
  EXPECT_THROW(parse_ranges("10.0.0.0/33"), std::exception);
  EXPECT_EQ(network_of("192.0.2.77"), "192.0.2.0/24");
  EXPECT_EQ(network_of("2001:db8:1:2ff::1"), "2001:db8:1:200::/56");
  EXPECT_TRUE(is_loopback("127.8.8.8"));
  EXPECT_FALSE(is_loopback("128.0.0.1"));
}

}  // namespace
}  // namespace heretix::http
