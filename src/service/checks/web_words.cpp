#include "service/checks/web_words.hpp"

#include <array>
#include <regex>
#include <vector>

#include "base/text.hpp"

namespace heretix {
namespace {

// Somebody's own text, which is kept as it is: 'a claim', but not the apostrophe of "model's". URLs are no files.
constexpr const char* kOpaque = R"((^|[^A-Za-z0-9])'[^']*'(?![A-Za-z0-9])|\bhttps?://[^\s;,)]+)";

constexpr const char* kFlag = R"(--[a-z][a-z0-9-]*|(?:^|[\s(,])-[A-Za-z](?=[\s,;.)]|$))";
constexpr const char* kCommand =
    R"(\bheretix (?!(?:is|was|has|can|cannot|does|will)\b)[a-z][a-z-]*|\bmake [a-z]+\b(?= installs))";

// By its ending, or by an absolute path. A model's name may hold slashes and dots too.
constexpr const char* kFile =
    R"((?:[\w.~*-]*/)*[\w*][\w.*-]*\.(?:md|jsonl?|ya?ml|sqlite|db|gguf|csv|toml|html|parquet|txt|log|py)\b)"
    R"(|(?:^|[\s(])(?:llama:)?/[\w.-]+/[\w./-]*)";

const std::regex& pattern_of(const char* text) {
  static const std::array patterns = {std::pair{kOpaque, std::regex(kOpaque)}, std::pair{kFlag, std::regex(kFlag)},
                                      std::pair{kCommand, std::regex(kCommand)}, std::pair{kFile, std::regex(kFile)}};
  for (const auto& [known, pattern] : patterns) {
    if (known == text) return pattern;
  }
  return patterns.front().second;
}

std::string without_opaque(std::string_view text) {
  return std::regex_replace(std::string(text), pattern_of(kOpaque), "$1''");
}

// "(-K, -T)" as "(K, T)".
std::string with_plan_names(std::string_view text) {
  static const std::regex plan_flag(R"((^|[\s(,])-([KRT])(?=[\s,;.)]|$))");
  return std::regex_replace(std::string(text), plan_flag, "$1$2");
}

// The clauses of a message: what happened, then the hints. Quotes and parentheses are not taken apart.
std::vector<std::string> clauses_of(std::string_view message) {
  std::vector<std::string> clauses;
  std::size_t start = 0;
  int depth = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i + 1 < message.size(); ++i) {
    const char c = message[i];
    const bool may_open = i == 0 || message[i - 1] == ' ' || message[i - 1] == '(';
    if (c == '\'') is_quoted = !is_quoted && may_open;
    if (is_quoted) continue;

    if (c == '(') depth += 1;
    if (c == ')') depth -= 1;
    if (depth > 0 || c != ';' || message[i + 1] != ' ') continue;
    clauses.emplace_back(message.substr(start, i - start));
    start = i + 2;
  }
  clauses.emplace_back(message.substr(start));
  return clauses;
}

// Without parentheses that need a command line, and without its last alternatives that do: "shorten the claim, or raise
// --max-prompt-chars" as "shorten the claim".
std::string shortened_clause(std::string clause) {
  static const std::regex parentheses(R"(\s*\([^()]*\))");
  std::string kept;
  auto rest = clause.cbegin();
  for (std::sregex_iterator found(clause.begin(), clause.end(), parentheses), end; found != end; ++found) {
    kept.append(rest, (*found)[0].first);
    if (!speaks_of_command_line(found->str())) kept += found->str();
    rest = (*found)[0].second;
  }
  kept.append(rest, clause.cend());

  constexpr std::array<std::string_view, 3> kAlternatives = {", or ", ", e.g. ", ", as "};
  while (speaks_of_command_line(kept)) {
    std::size_t last = std::string::npos;
    for (const std::string_view word : kAlternatives) {
      const std::size_t found = kept.rfind(word);
      if (found != std::string::npos && (last == std::string::npos || found > last)) last = found;
    }
    if (last == std::string::npos || last == 0) break;
    kept.resize(last);
  }
  return kept;
}

// For what happened, which must be told: general words in place of names.
std::string in_general_words(const std::string& clause) {
  const auto general = [](std::string part) {
    part = std::regex_replace(part, pattern_of(kCommand), "the program");
    part = std::regex_replace(part, pattern_of(kFlag), " a setting of the service");
    part = std::regex_replace(part, pattern_of(kFile), " a file of the service");
    static const std::regex spaces(" {2,}");
    return std::regex_replace(part, spaces, " ");
  };
  std::string told;
  auto rest = clause.cbegin();
  for (std::sregex_iterator found(clause.begin(), clause.end(), pattern_of(kOpaque)), end; found != end; ++found) {
    told += general({rest, (*found)[0].first}) + found->str();
    rest = (*found)[0].second;
  }
  told += general({rest, clause.cend()});
  return std::string(trimmed(told));
}

}  // namespace

bool speaks_of_command_line(std::string_view text) {
  const std::string own = without_opaque(text);
  for (const char* kind : {kFlag, kCommand, kFile}) {
    if (std::regex_search(own, pattern_of(kind))) return true;
  }
  return false;
}

std::string in_web_words(std::string_view message) {
  if (!speaks_of_command_line(message)) return std::string(message);

  std::string told;
  for (const std::string& given : clauses_of(message)) {
    std::string clause = shortened_clause(with_plan_names(given));
    if (speaks_of_command_line(clause)) {
      if (!told.empty()) continue;
      clause = in_general_words(clause);
    }
    // What is now the first of several alternatives stands alone.
    const bool follows_nothing = clause.starts_with("or ");
    told += (told.empty() ? "" : "; ") + (follows_nothing ? clause.substr(3) : clause);
  }
  return told;
}

}  // namespace heretix
