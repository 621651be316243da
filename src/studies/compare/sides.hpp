// What is compared with what: two sides, each a run, an execution, or what a selector names.
//
// A selector is `model=NAME`, `bank=VERSION` or `on=YYYY-MM-DD` (UTC), several joined by commas; it means the newest
// finished execution of each claim that fits. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "measure/run_store.hpp"

namespace heretix {

struct Side {
  std::string text;  // as given
  std::string model, bank, day;
  bool is_selector = false;  // else the text names a run or an execution
};

// Throws Error{bad_input} for an unknown or repeated key, an empty value, a day that is none.
Side parse_side(const std::string& text);

struct ExecutionPair {
  std::string a, b;  // execution ids
};

// By claim, in the order of the newer execution; only claims that both sides measured. `claims`: only those, in that
// order; empty: all. Throws Error{not_found} where no claim is left, naming what each side has.
std::vector<ExecutionPair> pair_up(const Side& a, const Side& b, std::span<const ExecutionHead> done,
                                   std::span<const std::string> claims);

}  // namespace heretix
