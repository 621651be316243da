// What goes where: results to stdout, everything else to stderr, colours only where they are seen.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "measure/ask.hpp"
#include "report/text.hpp"

namespace heretix {

// Where one of the three standard streams is closed it is opened on /dev/null: the next file to be opened, a database
// for example, would otherwise get its number, and with it whatever is printed. Writing to a standard output that was
// closed fails. Called first of all.
void open_closed_standard_streams();

// Throws Error{unavailable} where stdout cannot be written, e.g. a full disk or a closed pipe.
void print_result(const std::string& text);

// To stderr, as it is. Nobody may be reading any more (a closed pipe, a full disk): that ends nothing, because the exit
// code and the store tell the outcome. Everything that is said beside a result goes through here.
void print_aside(std::string_view text) noexcept;
void print_note(const std::string& text);  // likewise, with a newline
void print_error(const Error& error);      // likewise

bool is_terminal(int descriptor);
TextStyle text_style(bool no_color);  // for stdout

// Where progress goes: a line on stderr, only on a terminal; or JSON lines there, for a program that reads them.
enum class ShowProgress { never, on_terminal, as_events };

// A progress line: the estimate so far, retries, time left, money spent.
class ProgressLine final : public AskObserver {
 public:
  ProgressLine(const Plan& plan, const Clock& clock, ShowProgress show);
  ~ProgressLine() override;
  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) override;
  void on_wait(const std::string& why) override;

 private:
  void clear();
  std::string time_left(const AskProgress& progress) const;

  const Plan& plan_;
  const Clock& clock_;
  bool shows_;
  bool tells_events_;
  std::chrono::steady_clock::time_point started_;
  std::string last_wait_;
};

}  // namespace heretix
