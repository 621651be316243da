#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <csignal>

#include "base/file.hpp"
#include "base/version.hpp"
#include "cli/assistant_tools.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/mcp/server.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

struct McpOptions : MeasuringOptions {};

constexpr const char* kInstructions =
    "Heretix measures what a language model believes about a claim: a probability with an interval, from many neutral "
    "wordings of the same claim. It looks nothing up and does not say whether a claim is true. Put the claim as one "
    "declarative statement. Before a hosted model is asked, call describe for the cost and agree on a budget with the "
    "person. Report the interval and any gate that failed along with the number.";

// Nothing but the protocol may stand on the standard output, whoever prints: it is kept for the server, and the number
// 1 becomes the standard error.
Descriptor taken_output() {
  Descriptor output(::dup(STDOUT_FILENO));
  if (output.number() < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    throw Error(ErrorKind::unavailable, "the standard output cannot be used", "start heretix mcp with one");
  return output;
}

// The signals that stop the server reach it only while it waits for input, so that none is missed between a look at the
// flag and the wait. Threads that are started meanwhile inherit that.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~HeldSignals() { let_go(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  const sigset_t& before() const { return before_; }
  void let_go() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// Hands over line by line until the input ends or a signal comes. A line that is too long is not kept in memory.
void read_lines(mcp::McpServer& server, const HeldSignals& signals) {
  std::string pending;
  bool is_skipping = false;
  std::array<char, 65536> bytes{};
  for (;;) {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::ppoll(&input, 1, nullptr, &signals.before()) < 0 && errno != EINTR) return;
    if (stop_signal().stopping()) return;
    if (input.revents == 0) continue;
    const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;

    pending.append(bytes.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', begin)) {
      const std::string_view line = std::string_view(pending).substr(begin, end - begin);
      if (is_skipping || line.size() > mcp::kMostLineBytes) server.handle_long_line();
      else server.handle_line(line);
      is_skipping = false;
      begin = end + 1;
    }
    pending.erase(0, begin);
    if (pending.size() > mcp::kMostLineBytes) {
      is_skipping = true;
      pending.clear();
    }
  }
  if (!is_skipping) server.handle_line(pending);  // one without an end is a message too
}

int mcp_command(const McpOptions& options) {
  AssistantTools tools(options);
  const Descriptor output = taken_output();
  stop_signal();
  if (is_terminal(STDIN_FILENO))
    print_note("heretix mcp speaks the Model Context Protocol with the program that starts it; see docs/mcp.md");

  HeldSignals signals;
  mcp::McpServer server(
      {.name = "heretix", .title = "Heretix", .version = std::string(kVersion), .instructions = kInstructions},
      tools.tools(), [&](const std::string& line) { return write_all(output.number(), line); },
      [](const std::string& line) { print_note("heretix: " + line); });
  read_lines(server, signals);
  signals.let_go();  // a second signal leaves at once
  server.finish();
  return kDone;
}

}  // namespace

void register_mcp(CommandTable& table) {
  const auto [mcp, o] = table.add<McpOptions>(
      "mcp", "measure for an assistant: a server of the Model Context Protocol on standard input and output",
      mcp_command);
  add_ladder_option(mcp, o);
  add_plan_options(mcp, o);
  mcp.add_option("--concurrency", o.flags.concurrency, "how many questions to ask at once (HERETIX_RPL_CONCURRENCY)")
      ->type_name("N");
  mcp.add_option("--timeout", o.flags.timeout,
                 "the time limit of one question to a hosted model, in seconds (default 300)")
      ->type_name("SECONDS");
  mcp.add_option("--budget", o.flags.budget,
                 "what all calls of this server together may spend, in dollars, whatever budgets they give")
      ->type_name("DOLLARS");
  mcp.add_option("--budget-day", o.flags.budget_day,
                 "the same for everything that any process has sent through the store since midnight UTC (default 1.00 "
                 "if --budget is not given)")
      ->type_name("DOLLARS");
  add_resending(mcp, o);
}

}  // namespace heretix
