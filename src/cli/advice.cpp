#include "cli/advice.hpp"

#include <fmt/format.h>

#include <regex>

#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/session.hpp"

namespace heretix {

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  return "'" + replaced(text, {"'", "'\\''"}) + "'";
}

std::string same_command(const std::vector<std::string>& arguments) {
  std::string command = "heretix";
  for (const std::string& argument : arguments) {
    const std::size_t scheme_end = argument.find("://");
    const bool is_address = scheme_end != std::string::npos;
    const std::size_t begin = is_address ? argument.rfind('=', scheme_end) + 1 : 0;  // behind "--base-url=", or all
    const std::string shown = is_address ? argument.substr(0, begin) + shown_url(argument.substr(begin)) : argument;
    command += " " + shell_word(shown);
  }
  return command;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): "with the store" says which comes second
std::string with_store(const std::string& advice, const std::string& flag) {
  static const std::regex reading("heretix (list|show|answers|report|verify|variance|compare)\\b(?! --(?:d|mock))");
  if (flag.empty()) return advice;
  std::string out;
  auto rest = advice.cbegin();
  for (std::sregex_iterator found(advice.begin(), advice.end(), reading), end; found != end; ++found) {
    out += std::string(rest, (*found)[0].second) + " " + flag;
    rest = (*found)[0].second;
  }
  return out + std::string(rest, advice.cend());
}

Error with_store(const Error& error, const std::string& flag) {
  return {error.kind(), error.what(), with_store(error.hint(), flag)};
}

std::string store_flag_of(const CommonOptions& options) {
  if (!options.database_is_second && !options.database.empty()) {
    const bool is_address = options.database != "local" && options.database != "prod";
    return "--database " + (is_address ? "URL" : options.database);  // an address may hold a password
  }
  try {
    return store_flag(used_database_path(options));
  } catch (const Error&) { return ""; }
}

}  // namespace heretix
