#include "measure/ownership.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "base/file.hpp"

namespace heretix {
namespace {

constexpr std::string_view kHolds = "lock";  // behind the process: its execution's name is held in the store

std::string content_of(const std::string& path) { return content_of_file(path).value_or(""); }

// A sandbox may hide it.
std::string boot_id() {
  const std::string id = content_of("/proc/sys/kernel/random/boot_id");
  return id.empty() ? "unknown" : id.substr(0, id.find('\n'));
}

struct ProcessState {
  std::string state;    // a letter; Z and X: dead
  std::string started;  // clock ticks after boot; empty: there is no such process
};

// Fields 3 and 22 of /proc/PID/stat (proc(5)), counted behind the process's name, which may hold anything.
ProcessState state_of(long pid) {
  const std::string stat = content_of(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};

  std::istringstream fields(stat.substr(name_end + 1));
  ProcessState found;
  fields >> found.state;
  for (int i = 4; i <= 22; ++i) fields >> found.started;
  return found;
}

struct Self {
  long pid;
  std::string text;
};

Self self_as(long pid) { return {pid, fmt::format("{} {} {}", boot_id(), pid, state_of(pid).started)}; }

struct Owner {
  std::string boot, started, holds;
  long pid = 0;
};

Owner parsed(const std::string& text) {
  std::istringstream parts(text);
  Owner owner;
  parts >> owner.boot >> owner.pid >> owner.started >> owner.holds;
  return owner;
}

}  // namespace

Ownership own_execution(Database& store, const ExecutionId& execution_id) {
  auto held = store.hold(execution_id.text());
  std::string owner = this_process();
  if (held) owner += fmt::format(" {}", kHolds);
  return {std::move(owner), std::move(held)};
}

bool still_runs(Database& store, const ExecutionId& execution_id, const std::string& owner) {
  if (parsed(owner).holds == kHolds) return store.is_held(execution_id.text());
  return process_runs(owner);
}

// Read once, because the kernel goes through every thread of the process for it. A child that was forked asks anew.
std::string this_process() {
  static const Self first = self_as(::getpid());
  const long pid = ::getpid();
  return pid == first.pid ? first.text : self_as(pid).text;
}

bool process_runs(const std::string& process) {
  const Owner owner = parsed(process);
  if (owner.started.empty() || owner.boot != boot_id()) return false;
  const ProcessState now = state_of(owner.pid);
  return now.started == owner.started && now.state != "Z" && now.state != "X";
}

}  // namespace heretix
