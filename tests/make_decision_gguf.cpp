// usage: make_decision_gguf FROM.gguf TO.gguf TYPE [BLOCKS]   TYPE: openjev, lev or nimble (made_gguf.hpp)
#include <cstdio>
#include <exception>
#include <string>

#include "made_gguf.hpp"

int main(int count, char** arguments) {
  if (count != 4 && count != 5) {
    std::fputs("usage: make_decision_gguf FROM.gguf TO.gguf TYPE [BLOCKS]\n", stderr);
    return 2;
  }
  try {
    const auto blocks = count == 5 ? static_cast<std::uint32_t>(std::stoul(arguments[4])) : 0;
    heretix::make_decision_gguf(arguments[1], arguments[2], arguments[3], {}, blocks);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "make_decision_gguf: %s\n", e.what());
    return 1;
  }
}
