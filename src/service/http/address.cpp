#include "service/http/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix::http {
namespace {

constexpr unsigned kClientBitsV4 = 32;
constexpr unsigned kClientBitsV6 = 64;
constexpr unsigned kNetworkBitsV4 = 24;
constexpr unsigned kNetworkBitsV6 = 56;
constexpr unsigned kSiteBitsV6 = 48;

// 4 or 16 bytes; empty for what is no address.
std::string bytes_of(std::string_view address) {
  const std::string text(address);
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
  const std::string all(bytes.data(), 16);
  const std::string mapped = std::string(10, '\0') + "\xFF\xFF";
  return all.starts_with(mapped) ? all.substr(12) : all;
}

bool begin_alike(const std::string& a, const std::string& b, unsigned bits) {
  if (a.size() != b.size()) return false;
  for (unsigned i = 0; i < bits; ++i) {
    const auto bit = static_cast<unsigned char>(0x80U >> (i % 8));
    if (((static_cast<unsigned char>(a[i / 8]) ^ static_cast<unsigned char>(b[i / 8])) & bit) != 0) return false;
  }
  return true;
}

std::string text_of(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

// The range of that many bits, whole bytes, around an address: "192.0.2.0/24".
std::string range_of(std::string_view address, unsigned bits_v4, unsigned bits_v6) {
  std::string bytes = bytes_of(address);
  if (bytes.empty()) return std::string(address);
  const unsigned kept = bytes.size() == 4 ? bits_v4 : bits_v6;
  for (std::size_t i = kept / 8; i < bytes.size(); ++i) bytes[i] = '\0';
  return fmt::format("{}/{}", text_of(bytes), kept);
}

}  // namespace

AddressRange AddressRange::parse(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  AddressRange range;
  range.bytes_ = bytes_of(text.substr(0, slash));
  range.bits_ = static_cast<unsigned>(range.bytes_.size() * 8);
  bool is_read = !range.bytes_.empty();
  if (slash < text.size()) {
    const std::string_view number = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), bits);
    is_read = is_read && failed == std::errc{} && end == number.data() + number.size() && bits <= range.bits_;
    range.bits_ = bits;
  }
  if (!is_read)
    throw Error(ErrorKind::bad_input, fmt::format("'{}' is not a range of addresses", on_one_line(shortened(text, 60))),
                "e.g. 10.0.0.0/8 or 2001:db8::/32");
  return range;
}

bool AddressRange::holds(std::string_view address) const { return begin_alike(bytes_, bytes_of(address), bits_); }

std::vector<AddressRange> parse_ranges(std::string_view list) {
  std::vector<AddressRange> ranges;
  for (const std::string_view one : split(list, ',')) {
    if (!trimmed(one).empty()) ranges.push_back(AddressRange::parse(trimmed(one)));
  }
  return ranges;
}

bool are_in(const std::vector<AddressRange>& ranges, std::string_view address) {
  for (const AddressRange& range : ranges) {
    if (range.holds(address)) return true;
  }
  return false;
}

std::string client_address(std::string_view peer, const std::vector<AddressRange>& trusted,
                           std::string_view forwarded_for) {
  std::string_view client = peer;
  std::vector<std::string_view> hops = split(forwarded_for, ',');
  while (are_in(trusted, client) && !hops.empty()) {
    const std::string_view next = trimmed(hops.back());
    if (bytes_of(next).empty()) break;  // said by who knows: the nearest address that is one counts
    client = next;
    hops.pop_back();
  }
  return std::string(client);
}

std::string client_of(std::string_view address) { return range_of(address, kClientBitsV4, kClientBitsV6); }

std::string site_of(std::string_view address) { return range_of(address, kNetworkBitsV4, kSiteBitsV6); }

std::string network_of(std::string_view address) { return range_of(address, kNetworkBitsV4, kNetworkBitsV6); }

}  // namespace heretix::http
