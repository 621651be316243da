// Any bytes give a verdict; what is usable has a probability, and what a verdict says holds.
#include <cstdint>
#include <cstdlib>

#include "answer/verdict.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const heretix::Verdict verdict = heretix::read_answer({reinterpret_cast<const char*>(data), size});
  if (verdict.usable() && !verdict.prob_true) std::abort();
  if (verdict.usable() && size > heretix::kMaxAnswerBytes) std::abort();
  return 0;
}
