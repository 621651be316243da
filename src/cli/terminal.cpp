#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace heretix {
namespace {

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

}  // namespace

void open_closed_standard_streams() {
  // open() takes the lowest free number, so that each call fills the gap that it is meant for.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // A result that nobody can read must stay an error, so a closed standard output can only be read.
    ::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

void print_result(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  throw Error(ErrorKind::unavailable, "the output cannot be written",
              "free some space where the output goes; what was measured is stored: heretix list");
}

void print_aside(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void print_note(const std::string& text) { print_aside(text + "\n"); }

void print_error(const Error& error) {
  print_aside(fmt::format("heretix: {}\n", error.what()));
  if (!error.hint().empty()) print_aside(fmt::format("  try: {}\n", error.hint()));
}

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

TextStyle text_style(bool no_color) {
  return {.color = !no_color && is_terminal(STDOUT_FILENO), .columns = terminal_columns()};
}

}  // namespace heretix
