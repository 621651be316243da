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
#include "base/money.hpp"
#include "base/text.hpp"
#include "belief/record/record.hpp"

namespace heretix {
namespace {

constexpr std::size_t kBarColumns = 20;

std::string estimate_so_far(const Plan& plan, const std::vector<std::optional<Answer>>& answers) {
  const auto found = belief_of(plan, answers);
  if (!found) return "p …";
  const auto interval = found->interval();
  if (!interval) return fmt::format("p {:.2f}", found->p().value());
  return fmt::format("p {:.2f} [{:.2f}, {:.2f}]", found->p().value(), interval->low.value(), interval->high.value());
}

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

ProgressLine::ProgressLine(const Plan& plan, const Clock& clock, ShowProgress show)
    : plan_(plan),
      clock_(clock),
      shows_(show == ShowProgress::on_terminal && is_terminal(STDERR_FILENO)),
      tells_events_(show == ShowProgress::as_events),
      started_(clock.steady()) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  if (shows_) print_aside("\r\x1b[K");
}

std::string ProgressLine::time_left(const AskProgress& progress) const {
  const std::size_t fresh = progress.answered - progress.from_store;
  if (fresh == 0) return "";
  const double elapsed = std::chrono::duration<double>(clock_.steady() - started_).count();
  const double left =
      elapsed / static_cast<double>(fresh) * static_cast<double>(progress.questions - progress.answered);
  return fmt::format("  {:.0f} s left", left);
}

void ProgressLine::on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) {
  if (tells_events_) {
    const nlohmann::json event = {{"event", "progress"},
                                  {"model", plan_.recipe.model},
                                  {"questions", progress.questions},
                                  {"answered", progress.answered},
                                  {"from_store", progress.from_store},
                                  {"refused", progress.refused},
                                  {"retries", progress.retries},
                                  {"billed_usd", progress.billed.dollars()},
                                  {"so_far", estimate_so_far(plan_, answers)}};
    print_note(event.dump());
  }
  if (!shows_) return;

  const std::size_t filled = progress.questions == 0 ? 0 : kBarColumns * progress.answered / progress.questions;
  std::string line = fmt::format("[{}{}] {}/{}  {}", std::string(filled, '#'), std::string(kBarColumns - filled, ' '),
                                 progress.answered, progress.questions, estimate_so_far(plan_, answers));

  if (progress.refused > 0) line += fmt::format("  {} refused", progress.refused);
  if (progress.retries > 0) line += fmt::format("  {} retries", progress.retries);
  if (progress.billed > Usd()) line += "  " + to_text(progress.billed);
  if (progress.billing_unknown > 0) line += fmt::format("  {} may be billed", progress.billing_unknown);

  // A line that the terminal breaks by itself could not be cleared.
  clear();
  print_aside(cut_to(line + time_left(progress), terminal_columns(STDERR_FILENO).value_or(TextStyle{}.columns)));
}

void ProgressLine::on_wait(const std::string& why) {
  if (why == last_wait_) return;
  last_wait_ = why;
  clear();
  print_note(fmt::format("heretix: {}", on_one_line(why)));
}

}  // namespace heretix
