#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "ask/answer_store.hpp"
#include "base/file.hpp"

namespace heretix {
namespace {

std::string content_of(const std::string& path) { return content_of_file(path).value_or(""); }

std::string boot_id() {
  std::string id = content_of("/proc/sys/kernel/random/boot_id");
  return id.substr(0, id.find('\n'));
}

// Field 22 of /proc/PID/stat (proc(5)), counted behind the process's name, which may hold anything.
std::string start_time_of(long pid) {
  const std::string stat = content_of(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return field;
}

}  // namespace

std::string this_process() {
  const long pid = ::getpid();
  return fmt::format("{} {} {}", boot_id(), pid, start_time_of(pid));
}

bool still_runs(const std::string& owner) {
  std::istringstream parts(owner);
  std::string boot, started;
  long pid = 0;
  parts >> boot >> pid >> started;
  return !started.empty() && boot == boot_id() && start_time_of(pid) == started;
}

}  // namespace heretix
