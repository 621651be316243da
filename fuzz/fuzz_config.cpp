// Any bytes are settings, or an Error that says where and why.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "cli/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    heretix::parse_config({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const heretix::Error& e) {
    if (e.kind() != heretix::ErrorKind::bad_input || std::string_view(e.what()).substr(0, 4) != "fuzz") std::abort();
  }
  return 0;
}
