// usage: make_decision_gguf FROM.gguf TO.gguf TYPE   TYPE: openjev, lev or nimble (made_gguf.hpp)
#include <cstdio>
#include <exception>

#include "made_gguf.hpp"

int main(int count, char** arguments) {
  if (count != 4) {
    std::fputs("usage: make_decision_gguf FROM.gguf TO.gguf TYPE\n", stderr);
    return 2;
  }
  try {
    heretix::make_decision_gguf(arguments[1], arguments[2], arguments[3]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "make_decision_gguf: %s\n", e.what());
    return 1;
  }
}
