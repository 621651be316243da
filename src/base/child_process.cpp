#include "base/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"

namespace heretix {
namespace {

using std::chrono::steady_clock;

// Its end to read from, and its end to write to.
std::pair<Descriptor, Descriptor> new_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(ErrorKind::unavailable, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// What a child reads from, and what is written to: sockets, because writing to a pipe that nobody reads any more would
// raise a signal.
std::pair<Descriptor, Descriptor> new_sockets() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw Error(ErrorKind::unavailable, fmt::format("cannot make a pair of sockets: {}", std::strerror(errno)));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<std::string> kept_environment() {
  std::vector<std::string> kept;
  for (const char* name : {"PATH", "TMPDIR"}) {
    if (const char* value = std::getenv(name)) kept.push_back(fmt::format("{}={}", name, value));
  }
  return kept;
}

// A child that is ended if nobody waited for it.
class Child {
 public:
  Child(const std::vector<std::string>& command, int in, int out) {
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    std::vector<std::string> kept = kept_environment();
    std::vector<char*> environment;
    for (std::string& one : kept) environment.push_back(one.data());
    environment.push_back(nullptr);
    const int failed = ::posix_spawnp(&process_, arguments[0], &actions, nullptr, arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
      throw Error(failed == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
                  fmt::format("cannot start {}: {}", command[0], std::strerror(failed)), "install it");
  }
  ~Child() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool succeeded() { return wait() == 0; }

 private:
  int wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {}
    process_ = 0;
    return status;
  }
  pid_t process_ = 0;
};

// Milliseconds, at least 0.
int left_until(steady_clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(0, left));
}

}  // namespace

std::string output_of(const std::vector<std::string>& command, std::string_view input, const ChildLimits& limits) {
  const auto end = steady_clock::now() + limits.longest;
  const auto fail = [&](const std::string& why) -> Error {
    return {ErrorKind::unavailable, fmt::format("{} {}", command[0], why)};
  };

  auto [of_child, to_child] = new_sockets();
  auto [from, by_child] = new_pipe();
  std::optional<Descriptor> childs_in(std::move(of_child)), childs_out(std::move(by_child)), to(std::move(to_child));
  Child child(command, childs_in->number(), childs_out->number());
  childs_in.reset();
  childs_out.reset();

  std::string output;
  std::array<char, 65536> piece{};
  while (true) {
    std::array<pollfd, 2> watched = {pollfd{from.number(), POLLIN, 0}, pollfd{to ? to->number() : -1, POLLOUT, 0}};
    const int ready = ::poll(watched.data(), watched.size(), left_until(end));
    if (ready == 0) throw fail(fmt::format("did not end within {} s", limits.longest.count()));
    if (ready < 0 && errno == EINTR) continue;

    if (to && watched[1].revents != 0) {
      const ssize_t written = ::send(to->number(), input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
      if (input.empty() || (written < 0 && errno != EAGAIN)) to.reset();
    }
    if (watched[0].revents == 0) continue;

    const ssize_t size = ::read(from.number(), piece.data(), piece.size());
    if (size <= 0) break;
    output.append(piece.data(), static_cast<std::size_t>(size));
    if (output.size() > limits.most_output) throw fail("wrote too much");
  }

  if (!child.succeeded()) throw fail("failed");
  return output;
}

}  // namespace heretix
