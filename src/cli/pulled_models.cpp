#include "cli/pulled_models.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenLines{100};
constexpr std::size_t kPullBarColumns = 20;

// "[#####     ] 1.2 GB of 4.4 GB  52.0 MB/s  61 s left", on a terminal only.
class PullLine final : public PullObserver {
 public:
  explicit PullLine(Fetching fetching)
      : tells_(fetching != Fetching::silently), shows_(tells_ && is_terminal(STDERR_FILENO)) {}
  ~PullLine() override { clear(); }

  void on_start(const std::string& what) override {
    if (tells_) print_note(on_one_line(what));
  }

  void on_bytes(std::uint64_t have, std::uint64_t of) override {
    if (!shows_) return;
    const auto now = steady_clock::now();
    // What was here before did not come over the line, and says nothing about its speed.
    if (!begun_ || have < from_) {
      begun_ = now;
      from_ = have;
    }
    if (have != of && shown_ && now - *shown_ < kBetweenLines) return;
    shown_ = now;

    const std::size_t filled = of == 0 ? kPullBarColumns : static_cast<std::size_t>(kPullBarColumns * have / of);
    clear();
    print_aside(fmt::format("[{}{}] {} of {}{}", std::string(filled, '#'), std::string(kPullBarColumns - filled, ' '),
                            size_text(have), size_text(of), speed(have, of, now)));
  }

  void on_wait(const std::string& why) override {
    clear();
    if (tells_) print_note(fmt::format("heretix: {}", on_one_line(why)));
  }

  bool stopped() const override { return stop_signal().stopping(); }

 private:
  void clear() const {
    if (shows_ && shown_) print_aside("\r\x1b[K");
  }

  std::string speed(std::uint64_t have, std::uint64_t of, steady_clock::time_point now) const {
    const double seconds = duration<double>(now - *begun_).count();
    if (seconds < 0.5 || have <= from_) return "";
    const double a_second = static_cast<double>(have - from_) / seconds;
    return fmt::format("  {}/s  {:.0f} s left", size_text(static_cast<std::uint64_t>(a_second)),
                       static_cast<double>(of - have) / a_second);
  }

  bool tells_, shows_;
  std::optional<steady_clock::time_point> begun_, shown_;
  std::uint64_t from_ = 0;
};

}  // namespace

ModelCache model_cache(const Environment& environment) { return ModelCache(environment.model_cache); }

PulledModel pull_model(const HubName& name, Fetching fetching) {
  stop_signal();  // from here on a signal stops it cleanly
  const Environment environment = read_environment();
  Hub hub({.endpoint = environment.hub_endpoint.value_or(std::string(kUsualHub)),
           .token = environment.hub_token.value_or(""),
           .ca_file = environment.ca_file});
  PullLine line(fetching);
  return model_cache(environment).pull(name, hub, line);
}

PulledModel model_here_or_fetched(const HubName& name, Fetching fetching) {
  if (auto found = model_cache(read_environment()).find(name)) return *found;
  if (fetching != Fetching::never) return pull_model(name, fetching);
  throw Error(ErrorKind::not_found, fmt::format("{} is not on this machine", name.text()),
              fmt::format("heretix models pull {}", shell_word(name.text())));
}

}  // namespace heretix
