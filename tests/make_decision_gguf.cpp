// usage: make_decision_gguf FROM.gguf TO.gguf TYPE [BLOCKS [KEY=TEXT…]]   TYPE: openjev, lev, nimble or none
// (made_gguf.hpp)
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "made_gguf.hpp"

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() < 3) {
    std::fputs("usage: make_decision_gguf FROM.gguf TO.gguf TYPE [BLOCKS [KEY=TEXT…]]\n", stderr);
    return 2;
  }
  try {
    const std::string type = given[2] == "none" ? "" : given[2];
    const auto blocks = given.size() > 3 ? static_cast<std::uint32_t>(std::stoul(given[3])) : 0;
    std::map<std::string, std::string> more;
    for (std::size_t i = 4; i < given.size(); ++i) {
      const std::size_t sign = given[i].find('=');
      if (sign == std::string::npos) throw std::runtime_error("'" + given[i] + "' is not KEY=TEXT");
      more[given[i].substr(0, sign)] = given[i].substr(sign + 1);
    }
    heretix::make_decision_gguf(given[0], given[1], type, more, blocks);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "make_decision_gguf: %s\n", e.what());
    return 1;
  }
}
