// One line at the foot of a terminal. It is drawn anew several times a second, so that what it says of time stays true
// while nothing else happens, and it gives way to whatever else is printed.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace heretix {

class StatusLine {
 public:
  // `text` makes the line for so many columns, at most. It is called by the thread that draws, never by two at once and
  // never while a change() is made. `shows`: whether there is a terminal to draw on; otherwise this does nothing.
  StatusLine(bool shows, std::function<std::string(std::size_t columns)> text);
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  bool shows() const { return shows_; }

  // Changes what the text is made of.
  enum class Draws { now, soon };
  void change(const std::function<void()>& change, Draws draws = Draws::soon);

  // Takes the line away while something is printed, and until the next change.
  void print(const std::function<void()>& print);

 private:
  void draw();
  void keep_drawing(const std::stop_token& stop);

  bool shows_;
  std::function<std::string(std::size_t)> text_;
  std::mutex mutex_;  // guards all below, and what the text is made of
  bool is_away_ = true;
  std::string drawn_;
  std::condition_variable_any wake_;
  std::jthread drawer_;
};

}  // namespace heretix
