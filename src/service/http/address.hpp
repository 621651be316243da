// Whose request it is: the peer's address, or what a trusted proxy says in X-Forwarded-For. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heretix::http {

// "10.0.0.0/8", "::1", "192.0.2.7"; an IPv4 address within IPv6 counts as IPv4.
class AddressRange {
 public:
  static AddressRange parse(std::string_view text);  // throws Error{bad_input} naming it
  bool holds(std::string_view address) const;        // false for what is no address

 private:
  std::string bytes_;  // 4 or 16
  unsigned bits_ = 0;
};

std::vector<AddressRange> parse_ranges(std::string_view list);  // separated by commas

bool are_in(const std::vector<AddressRange>& ranges, std::string_view address);

// From the right, the first address that no trusted proxy has; the peer's where it is not trusted itself.
std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           const std::vector<AddressRange>& trusted);

// Whose load it is: the IPv4 address itself, the /64 of an IPv6 one, which is what one machine or household has; the
// text itself for what is no address.
std::string client_of(std::string_view address);

// What limits by network go by: the /24 of an IPv4 address, the /56 of an IPv6 one; the text itself for what is no
// address.
std::string network_of(std::string_view address);

// What one customer of a provider has at most, as a rule: the /24 of an IPv4 address, the /48 of an IPv6 one.
std::string site_of(std::string_view address);

}  // namespace heretix::http
