// Any bytes are an address with a host, or an Error that says why; a password is in nothing that is shown.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "store/postgres/address.hpp"

namespace {

std::string told(const heretix::PostgresAddress& address) { return address.shown() + psql_command(address); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto address = heretix::parse_postgres_address({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (address.value("host").empty() && address.value("hostaddr").empty() && !address.parameters.contains("service"))
      std::abort();
    heretix::PostgresAddress other = address;
    other.parameters["password"] = "another";
    if (told(address) != told(other)) std::abort();
  } catch (const heretix::Error& e) {
    if (e.kind() != heretix::ErrorKind::bad_input || std::string_view(e.what()).substr(0, 5) != "fuzz:") std::abort();
  }
  return 0;
}
