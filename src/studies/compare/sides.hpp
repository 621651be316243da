// What is compared with what. There are two sides, and each is a run, an execution, or what a selector names.
//
// A selector is `model=NAME`, `bank=VERSION` or `on=YYYY-MM-DD` (UTC), or several of these joined by commas. It means
// the newest finished execution of each claim that fits. A model's name may have its provider before it, as --model
// does. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "measure/run_store.hpp"

namespace heretix {

struct Side {
  std::string text;  // as given
  std::optional<ModelName> model;
  std::string bank, day;
  bool is_selector = false;  // otherwise the text names a run or an execution
};

// Throws Error{bad_input} for an unknown or repeated key, an empty value, or a day that is not a date.
Side parse_side(const std::string& text);

struct ExecutionPair {
  ExecutionId a, b;
};

// Pairs the executions by claim, in the order of the newer execution; only claims that both sides measured are
// included. `claims` restricts the result to these claims, in that order; empty means all. Throws Error{not_found} if
// no claim is left, naming what each side has.
std::vector<ExecutionPair> pair_up(const Side& a, const Side& b, std::span<const ExecutionHead> done,
                                   std::span<const std::string> claims);

}  // namespace heretix
