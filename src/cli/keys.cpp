#include "cli/keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

struct ProviderKeyOptions : CommonOptions {
  std::string provider;
};

constexpr mode_t kPrivate = 0600;

[[noreturn]] void cannot_write(const std::string& path) {
  throw Error(ErrorKind::not_allowed, fmt::format("cannot write {}: {}", path, std::strerror(errno)),
              "see heretix keys path");
}

void require_private(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0 || (facts.st_mode & 077U) == 0) return;
  throw Error(ErrorKind::not_allowed, fmt::format("{} may be read by others (mode {:o})", path, facts.st_mode & 0777U),
              "chmod 600 " + shell_word(path));
}

const HostedProvider& provider_named(const std::string& name) {
  std::string known;
  for (const HostedProvider& provider : hosted_providers()) {
    if (provider.name == name) return provider;
    known += (known.empty() ? "" : ", ") + std::string(provider.name);
  }
  throw Error(ErrorKind::bad_input, fmt::format("there is no provider '{}'", name), known);
}

// Not shown while it is typed.
class QuietTerminal {
 public:
  QuietTerminal() {
    if (::isatty(STDIN_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

std::string read_key(const HostedProvider& provider) {
  if (is_terminal(STDIN_FILENO)) print_aside(fmt::format("key for {}: ", provider.title));
  std::string key;
  {
    const QuietTerminal quiet;
    std::getline(std::cin, key);
  }
  if (is_terminal(STDIN_FILENO)) print_aside("\n");
  key = std::string(trimmed(key, " \t\r"));
  if (key.empty() || key.find_first_of("=#") == 0)
    throw Error(ErrorKind::bad_input, "standard input contained no key",
                fmt::format("heretix keys set {} < FILE", provider.name));
  if (key.find_first_of(" \t") != std::string::npos)
    throw Error(ErrorKind::bad_input, "the first line of standard input holds a blank, which no key does",
                "put the key alone into the file");
  return key;
}

std::string ending_of(const std::string& key) {
  return key.size() < 12 ? std::string(key.size(), '*') : "…" + key.substr(key.size() - 4);
}

}  // namespace

std::map<std::string, std::string> read_key_file(const std::string& path) {
  const auto content = content_of_file(path);
  if (!content) return {};
  require_private(path);
  std::map<std::string, std::string> keys;
  std::istringstream lines(*content);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(ErrorKind::bad_input, fmt::format("{}:{}: not NAME=value", path, number),
                  "correct that line, or remove it");
    const std::string name = line.substr(0, equals);
    if (!keys.emplace(name, line.substr(equals + 1)).second)
      throw Error(ErrorKind::bad_input, fmt::format("{}:{}: {} appears twice", path, number, name),
                  "remove one of the two lines");
  }
  return keys;
}

void write_key_file(const std::string& path, const std::map<std::string, std::string>& keys) {
  std::string text = "# heretix keys set PROVIDER writes this file; the environment wins over it.\n";
  for (const auto& [name, key] : keys) text += fmt::format("{}={}\n", name, key);
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
  if (failed) {
    errno = failed.value();
    cannot_write(path);
  }
  const std::string staged = fmt::format("{}.{}", path, ::getpid());
  const int file = ::open(staged.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivate);
  if (file < 0) cannot_write(path);
  const bool written = write_all(file, text) && ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(staged.c_str(), path.c_str()) != 0) {
    ::unlink(staged.c_str());
    cannot_write(path);
  }
}

FoundKey find_key(const HostedProvider& provider, const Environment& environment) {
  for (const std::string_view name : {provider.key_variable, provider.other_key_variable}) {
    const auto found = environment.provider_variables.find(std::string(name));
    if (found != environment.provider_variables.end()) return {found->second, std::string(name)};
  }
  const auto kept = read_key_file(environment.key_file);
  const auto found = kept.find(std::string(provider.key_variable));
  return found == kept.end() ? FoundKey{} : FoundKey{found->second, environment.key_file};
}

namespace {

int keys_set_command(const ProviderKeyOptions& options) {
  const HostedProvider& provider = provider_named(options.provider);
  const std::string path = read_environment().key_file;
  auto keys = read_key_file(path);
  keys[std::string(provider.key_variable)] = read_key(provider);
  write_key_file(path, keys);
  print_note(fmt::format("kept in {} as {}", path, provider.key_variable));
  return kDone;
}

int keys_remove_command(const ProviderKeyOptions& options) {
  const HostedProvider& provider = provider_named(options.provider);
  const Environment environment = read_environment();
  auto keys = read_key_file(environment.key_file);
  if (keys.erase(std::string(provider.key_variable)) == 0)
    throw Error(ErrorKind::not_found, fmt::format("{} holds no key for {}", environment.key_file, provider.title),
                "heretix keys list shows where each key comes from");
  write_key_file(environment.key_file, keys);
  print_note(fmt::format("removed {} from {}", provider.key_variable, environment.key_file));

  const FoundKey left = find_key(provider, environment);
  if (!left.key.empty()) print_note(fmt::format("a key for {} is still in {}", provider.title, left.source));
  return kDone;
}

int keys_list_command(const CommonOptions& options) {
  const Environment environment = read_environment();
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  for (const HostedProvider& provider : hosted_providers()) {
    const FoundKey found = find_key(provider, environment);
    const std::string shown =
        found.key.empty() ? (provider.key_is_optional ? "none (none is needed)" : "none") : ending_of(found.key);
    const std::string line =
        fmt::format("{:<18} {:<26} {:<20} {}", provider.name, provider.key_variable, shown, found.source);
    text += fmt::format("{}\n", trimmed(line));
    all.push_back({{"provider", provider.name},
                   {"variable", provider.key_variable},
                   {"has_key", !found.key.empty()},
                   {"source", found.source}});
  }
  print_either(options.json, all, text);
  return kDone;
}

int keys_path_command(const CommonOptions&) {
  print_result(read_environment().key_file + "\n");
  return kDone;
}

void add_provider(CLI::App& command, ProviderKeyOptions& o) {
  command
      .add_option("provider", o.provider,
                  "openai, anthropic, gemini, xai, openai-compatible, typesafe, openrouter or systemone")
      ->type_name("PROVIDER")
      ->required();
}

}  // namespace

void register_keys(CommandTable& table) {
  CLI::App& keys = table.add_group(
      "keys", "manage the keys of providers, which come from the environment or from a file that only you can read");
  const auto [set, s] = table.add_to<ProviderKeyOptions>(
      keys, "set", "read a key from standard input and keep it in that file", keys_set_command);
  add_provider(set, s);
  const auto [remove, r] =
      table.add_to<ProviderKeyOptions>(keys, "remove", "remove a provider's key from that file", keys_remove_command);
  add_provider(remove, r);
  const auto [list, l] = table.add_to<CommonOptions>(
      keys, "list", "list which providers have a key, and where it comes from", keys_list_command);
  add_json(list, l);
  table.add_to<CommonOptions>(keys, "path", "print the path of that file", keys_path_command);
}

}  // namespace heretix
