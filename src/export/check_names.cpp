#include "export/check_names.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/sha256.hpp"
#include "check/check_row.hpp"

namespace heretix {
namespace {

using nlohmann::json;

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// "<recipe>-<12 hexadecimal digits>"
bool names_execution(std::string_view check_id) {
  if (check_id.size() <= kExecutionDigits + 1 || check_id[check_id.size() - kExecutionDigits - 1] != '-') return false;
  return std::ranges::all_of(check_id.substr(check_id.size() - kExecutionDigits), is_digit);
}

// Most rows have their mode from their execution; this reads the others' JSON.
std::string mode_in(std::string_view config) {
  if (config.find("\"mode\"") == std::string_view::npos) return {};
  const json parsed = json::parse(config, nullptr, false);
  if (!parsed.is_object()) return {};
  const auto mode = parsed.find("mode");
  return mode != parsed.end() && mode->is_string() ? mode->get<std::string>() : std::string{};
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
  if (has_digits && !cells[mode].is_null() && cells[cached].integer == 0) {
    execution_id_.assign("exec-").append(id.substr(id.size() - kExecutionDigits));
    cells[execution] = Cell::of(std::string_view(execution_id_));
  }
  if (cells[mode].is_null() && !cells[config].is_null()) {
    mode_ = mode_in(cells[config].text);
    if (!mode_.empty()) cells[mode] = Cell::of(std::string_view(mode_));
  }
  if (cells[hash].is_null() && !cells[claim].is_null()) {
    claim_hash_ = sha256_hex(cells[claim].text);
    cells[hash] = Cell::of(std::string_view(claim_hash_));
  }
}

}  // namespace heretix
