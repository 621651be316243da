#include "service/http/head.hpp"

#include <gtest/gtest.h>

#include "service/http/address.hpp"
#include "service/http/client_load.hpp"
#include "service/http/known_hosts.hpp"
#include "service/http/message.hpp"
#include "service/http/router.hpp"

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
  const auto found = find_route(kPatterns, {.method = "HEAD", .path = "/a/x%20y"});
  ASSERT_TRUE(found.routed);
  EXPECT_EQ(found.routed->parameters.at("id"), "x y");
  EXPECT_EQ(find_route(kPatterns, {.method = "POST", .path = "/a/x"}).routed->route, 1U);
  EXPECT_EQ(find_route(kPatterns, {.method = "DELETE", .path = "/a/x"}).allowed,
            (std::vector<std::string>{"GET", "HEAD", "POST"}));
  for (const char* path :
       {"", "/", "/a", "/a/", "/a//", "/a/x/", "//a/x", "/a/%", "/a/%zz", "/a/%ff", "/A/x", "/a/b/c/d"})
    EXPECT_FALSE(find_route(kPatterns, {.method = "GET", .path = path}).routed) << path;
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
  EXPECT_EQ(client_address("203.0.113.1", trusted, "1.2.3.4"), "203.0.113.1");
  EXPECT_EQ(client_address("10.1.1.1", trusted, "9.9.9.9, 1.2.3.4, 10.2.2.2"), "1.2.3.4");
  EXPECT_EQ(client_address("10.1.1.1", trusted, ""), "10.1.1.1");
  EXPECT_EQ(client_address("10.1.1.1", trusted, "x, 192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(client_address("::ffff:10.1.1.1", trusted, "1.2.3.4"), "1.2.3.4");
  EXPECT_THROW(parse_ranges("10.0.0.0/33"), std::exception);
  EXPECT_EQ(network_of("192.0.2.77"), "192.0.2.0/24");
  EXPECT_EQ(network_of("2001:db8:1:2ff::1"), "2001:db8:1:200::/56");
  EXPECT_EQ(client_of("192.0.2.77"), "192.0.2.77/32");
  EXPECT_EQ(client_of("::ffff:192.0.2.77"), "192.0.2.77/32");
  EXPECT_EQ(client_of("2001:db8:1:2ff:3:4:5:6"), "2001:db8:1:2ff::/64");
  EXPECT_EQ(site_of("2001:db8:1:2ff::1"), "2001:db8:1::/48");
}

TEST(KnownHosts, AreOurOwnNamesAndNoOthers) {
  KnownHosts hosts = KnownHosts::parse(" heretix.internal, 10.0.0.5,[2001:db8::5] ,", "HERETIX_HOSTS");
  hosts.add("heretix.example");
  for (const char* ours :
       {"heretix.example", "HERETIX.example:443", "heretix.internal:8080", "10.0.0.5", "[2001:DB8:0::5]:1",
        "localhost:8080", "127.0.0.1", "127.8.8.8:9", "[::1]:8080", "192.0.2.9:8080"})
    EXPECT_TRUE(hosts.hold({.host_header = ours, .local_address = "192.0.2.9"})) << ours;
  for (const char* other :
       {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "heretix.example.evil.example",
        "heretix.example@evil.example", "evil.example/heretix.example", "evil.example#@localhost", "localhost.",
        "192.0.2.10", "heretix.example, evil.example", "heretix.example:x", "xheretix.example"})
    EXPECT_FALSE(hosts.hold({.host_header = other, .local_address = "192.0.2.9"})) << other;
  EXPECT_TRUE(hosts.hold({.host_header = "[2001:db8::9]", .local_address = "2001:db8::9"}))
      << "the address that the connection came in at";
  for (const char* wrong : {"a:80", "http://a", "[::1]:80", "a/b", "a b", "*"})
    EXPECT_THROW(KnownHosts::parse(wrong, "HERETIX_HOSTS"), std::exception) << wrong;
}

TEST(ClientLoad, IsCountedFromEnterToLeave) {
  ClientLoad load;
  auto first = load.enter("a", Load::requests, 2);
  {
    const auto second = load.enter("a", Load::requests, 2);
    EXPECT_TRUE(first.is_taken() && second.is_taken());
    EXPECT_FALSE(load.enter("a", Load::requests, 2).is_taken());
    EXPECT_TRUE(load.enter("a", Load::streams, 2).is_taken()) << "another kind";
    EXPECT_TRUE(load.enter("b", Load::requests, 2).is_taken()) << "another client";
  }
  auto moved = std::move(first);
  const auto third = load.enter("a", Load::requests, 2);
  EXPECT_TRUE(third.is_taken());
  EXPECT_FALSE(load.enter("a", Load::requests, 2).is_taken());
  moved.leave();
  moved.leave();
  EXPECT_TRUE(load.enter("a", Load::requests, 2).is_taken());
}

}  // namespace
}  // namespace heretix::http
