#include "cli/status_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "base/columns.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

constexpr std::chrono::milliseconds kBetweenDrawings{250};
constexpr const char* kErase = "\r\x1b[K";

// Signals are for the thread that measures, which they wake.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

StatusLine::StatusLine(bool shows, std::function<std::string(std::size_t columns)> text)
    : shows_(shows), text_(std::move(text)) {
  if (!shows_) return;
  drawer_ = std::jthread([this](const std::stop_token& stop) {
    block_signals();
    keep_drawing(stop);
  });
}

StatusLine::~StatusLine() {
  if (!shows_) return;
  drawer_.request_stop();
  drawer_.join();
  if (!drawn_.empty()) print_aside(kErase);
}

void StatusLine::keep_drawing(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kBetweenDrawings, [] { return false; });
    if (!stop.stop_requested() && !is_away_) draw();
  }
}

void StatusLine::draw() {
  // One column stays free: a line that fills the last one may be broken.
  std::string text = text_(terminal_columns(STDERR_FILENO).value_or(kLeastColumns) - 1);
  if (text == drawn_) return;
  print_aside(kErase + text);
  drawn_ = std::move(text);
}

void StatusLine::change(const std::function<void()>& change, Draws draws) {
  const std::lock_guard lock(mutex_);
  change();
  if (!shows_) return;
  is_away_ = false;
  if (draws == Draws::now) draw();
}

void StatusLine::print(const std::function<void()>& print) {
  const std::lock_guard lock(mutex_);
  if (!drawn_.empty()) print_aside(kErase);
  drawn_.clear();
  is_away_ = true;
  print();
}

}  // namespace heretix
