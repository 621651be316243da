// Reads what somebody uploads or pastes as a set: CSV, JSON lines, or one claim a line. What is wrong with a line is
// kept beside its number, so that people see everything that is to be mended at once. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/word_table.hpp"

namespace heretix {

inline constexpr std::size_t kMostSetBytes = 2'097'152;  // of the text
inline constexpr std::size_t kMostSetClaims = 10'000;
inline constexpr std::size_t kMostSetModels = 12;

enum class SetFormat { csv, jsonl, lines };
inline constexpr WordTable<SetFormat, 3> kSetFormatWords{
    {{SetFormat::csv, "csv"}, {SetFormat::jsonl, "jsonl"}, {SetFormat::lines, "lines"}}};
constexpr std::string_view to_word(SetFormat format) { return kSetFormatWords.word(format); }

// Which column is what. Empty: the usual names are looked for; an empty name: none.
struct SetColumns {
  std::optional<std::string> claim{}, tags{}, truth{};
};

struct SetLine {
  int line = 0;  // of the text, from 1
  std::string claim;
  std::vector<std::string> tags{};
  std::optional<bool> truth{};
  bool is_question = false;  // belief/claim/claim.hpp
};

struct RefusedSetLine {
  int line = 0;
  std::string why;
};

struct SetFile {
  SetFormat format = SetFormat::csv;
  std::vector<std::string> columns{};  // of the text, in their order
  SetColumns chosen{};                 // with an empty name where there is no such column
  std::vector<SetLine> lines{};        // that can be measured
  std::vector<RefusedSetLine> refused{};

  std::size_t questions() const;
};

// `format`: empty: it is guessed. Without a column of claims there are no lines. Throws Error{bad_input} for a text that
// is empty, too long, not UTF-8 or no table at all, for a column that is not there, and for too many claims.
SetFile read_set(std::string_view text, std::optional<SetFormat> format, const SetColumns& wanted);

}  // namespace heretix
