#include "service/routes/pictures.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <list>
#include <mutex>

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix::http {
namespace {

constexpr const char* kProgram = "rsvg-convert";
constexpr std::size_t kMostKept = 64;  // of about 60 KB each
constexpr ChildLimits kLimits{.most_output = 4'000'000, .longest = std::chrono::seconds(10)};

struct Drawn {
  std::string svg, png;
};

}  // namespace

bool can_draw_png() {
  static const bool can = [] {
    const char* path = std::getenv("PATH");
    return path != nullptr && std::ranges::any_of(split(path, ':'), [](std::string_view folder) {
             return ::access((std::string(folder) + "/" + kProgram).c_str(), X_OK) == 0;
           });
  }();
  return can;
}

std::string png_of(const std::string& svg) {
  static std::mutex mutex;
  static std::list<Drawn> kept;  // the last one first

  const std::lock_guard lock(mutex);
  const auto found = std::ranges::find(kept, svg, &Drawn::svg);
  if (found != kept.end()) {
    kept.splice(kept.begin(), kept, found);
    return found->png;
  }
  if (!can_draw_png()) throw Error(ErrorKind::not_found, "this service has no program that draws pictures");

  kept.push_front({svg, output_of({kProgram, "--format=png"}, svg, kLimits)});
  if (kept.size() > kMostKept) kept.pop_back();
  return kept.front().png;
}

}  // namespace heretix::http
