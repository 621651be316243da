// Any bytes are a bank that renders, or an Error that says where and why.
#include <cstdint>
#include <cstdlib>

#include "base/error.hpp"
#include "belief/prompt/bank.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const heretix::PromptBank bank = heretix::parse_bank({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (bank.paraphrases.empty() || bank.user_text(0, "claim").find("claim") == std::string::npos) std::abort();
  } catch (const heretix::Error& e) {
    if (e.kind() != heretix::ErrorKind::bad_input || std::string_view(e.what()).substr(0, 4) != "fuzz") std::abort();
  }
  return 0;
}
