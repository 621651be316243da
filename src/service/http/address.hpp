// Which client a request comes from: the peer's address, or the one that a trusted proxy gives in X-Forwarded-For.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heretix::http {

// "10.0.0.0/8", "::1", "192.0.2.7"; an IPv4 address within IPv6 counts as IPv4.
class AddressRange {
 public:
  static AddressRange parse(std::string_view text);  // throws Error{bad_input} naming the text
  bool holds(std::string_view address) const;        // false for a text that is not an address

 private:
  std::string bytes_;  // 4 or 16
  unsigned bits_ = 0;
};

std::vector<AddressRange> parse_ranges(std::string_view list);  // separated by commas

bool are_in(const std::vector<AddressRange>& ranges, std::string_view address);

// Returns the first address from the right that does not belong to a trusted proxy; the peer's own address if the peer
// is not trusted.
std::string client_address(std::string_view peer, const std::vector<AddressRange>& trusted,
                           std::string_view forwarded_for);

// The client whose load is counted: an IPv4 address itself, or the /64 of an IPv6 address, which is what one machine or
// household has. A text that is not an address is returned unchanged.
std::string client_of(std::string_view address);

// The network that limits by network count: the /24 of an IPv4 address or the /56 of an IPv6 address. A text that is
// not an address is returned unchanged.
std::string network_of(std::string_view address);

// The most that one customer of an internet provider usually has: the /24 of an IPv4 address or the /48 of an IPv6
// address.
std::string site_of(std::string_view address);

}  // namespace heretix::http
