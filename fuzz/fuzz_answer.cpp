// Any bytes give a verdict by either version of the rules; what is usable has a probability, and what a verdict says
// holds. Reading again what was read changes nothing.
#include <cstdint>
#include <cstdlib>

#include "belief/answer/verdict.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (int rules = 1; rules <= heretix::kAnswerRules; ++rules) {
    const heretix::AnswerReading reading{.claim = "https://example.com is a web page", .rules = rules};
    const heretix::Verdict verdict = heretix::read_answer(text, reading);
    if (verdict.usable() && !verdict.prob_true) std::abort();
    if (verdict.usable() && size > heretix::kMaxAnswerBytes) std::abort();

    const heretix::Verdict again = heretix::read_again(text, verdict, reading);
    if (again.reason != verdict.reason || again.prob_true.has_value() != verdict.prob_true.has_value()) std::abort();
  }
  return 0;
}
