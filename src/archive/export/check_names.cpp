#include "archive/export/check_names.hpp"

#include <algorithm>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "measure/check_row.hpp"

namespace heretix {
namespace {

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// The place of the closing quote of the JSON string that opens at `open`, or the end of the text if there is none.
std::size_t end_of_string(std::string_view json, std::size_t open) {
  std::size_t at = open + 1;
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2U : 1U;
  return std::min(at, json.size());
}

std::string_view string_at(std::string_view json, std::size_t from) {
  const std::size_t open = json.find_first_not_of(kWhiteSpace, from);
  if (open == std::string_view::npos || json[open] != '"') return {};
  const std::size_t end = end_of_string(json, open);
  const std::string_view text = end < json.size() ? json.substr(open + 1, end - open - 1) : std::string_view{};
  return text.find('\\') == std::string_view::npos ? text : std::string_view{};
}

// "<recipe>-<12 hexadecimal digits>"
bool names_execution(std::string_view check_id) {
  if (check_id.size() <= kExecutionDigits + 1 || check_id[check_id.size() - kExecutionDigits - 1] != '-') return false;
  return std::ranges::all_of(check_id.substr(check_id.size() - kExecutionDigits), is_digit);
}

// The text of "mode" at the top level of a JSON object, or empty if there is none. A parser takes 2.6 s for a million
// rows, this takes 0.1 s. A mode is plain text, so one with an escape in it is not ours.
std::string_view mode_in(std::string_view json) {
  constexpr std::string_view kKey = "\"mode\"";
  int depth = 0;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '{' || json[i] == '[') ++depth;
    else if (json[i] == '}' || json[i] == ']') --depth;
    else if (json[i] == '"' && depth == 1 && json.substr(i).starts_with(kKey)) {
      const std::size_t colon = json.find_first_not_of(kWhiteSpace, i + kKey.size());
      if (colon != std::string_view::npos && json[colon] == ':') return string_at(json, colon + 1);
    }
    if (json[i] == '"') i = end_of_string(json, i);
  }
  return {};
}

}  // namespace

void CheckNames::fill(const Table& checks, Cells& cells) {
  static const std::size_t check_id = checks.place("check_id"), execution = checks.place("execution_id"),
                           recipe = checks.place("recipe_run_id"), mode = checks.place("mode"),
                           cached = checks.place("was_cached"), config = checks.place("config_json"),
                           claim = checks.place("claim"), hash = checks.place("claim_hash");

  const std::string_view id = cells[check_id].text;
  const bool has_digits = names_execution(id);
  cells[recipe] = Cell::of(has_digits ? id.substr(0, id.size() - kExecutionDigits - 1) : id);
  cells[execution] = Cell{};

  if (cells[mode].is_null() && !cells[config].is_null()) {
    const std::string_view told = mode_in(cells[config].text);
    if (!told.empty()) cells[mode] = Cell::of(told);
  }

  // A check from the result cache has digits of its own, and they name no execution.
  if (has_digits && !cells[mode].is_null() && cells[cached].integer == 0) {
    execution_id_.assign("exec-").append(id.substr(id.size() - kExecutionDigits));
    cells[execution] = Cell::of(std::string_view(execution_id_));
  }

  if (cells[hash].is_null() && !cells[claim].is_null()) {
    claim_hash_ = sha256_hex(cells[claim].text);
    cells[hash] = Cell::of(std::string_view(claim_hash_));
  }
}

}  // namespace heretix
