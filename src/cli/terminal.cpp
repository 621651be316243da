#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/columns.hpp"

namespace heretix {
namespace {

std::string fitted_to(int descriptor, const std::string& text) {
  const auto columns = terminal_columns(descriptor);
  return columns ? fitted(text, *columns) : text;
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

void print_text(const std::string& text) { print_result(fitted_to(STDOUT_FILENO, text)); }

void print_either(bool as_json, const nlohmann::json& json, const std::string& text) {
  if (as_json) print_result(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  else print_text(text);
}

void print_aside(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void print_note(const std::string& text) { print_aside(fitted_to(STDERR_FILENO, text) + "\n"); }

void print_error(const Error& error) {
  print_note(fmt::format("heretix: {}", error.what()));
  if (!error.hint().empty()) print_note(fmt::format("  try: {}", error.hint()));
}

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

std::optional<std::size_t> terminal_columns(int descriptor) {
  if (!is_terminal(descriptor)) return std::nullopt;
  winsize size{};
  const bool is_known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? std::max<std::size_t>(size.ws_col, kLeastColumns) : TextStyle{}.columns;
}

TextStyle text_style(bool no_color) {
  const auto columns = terminal_columns(STDOUT_FILENO);
  return {.color = !no_color && columns.has_value(),
          .columns = columns.value_or(TextStyle{}.columns),
          .is_bounded = columns.has_value()};
}

}  // namespace heretix
