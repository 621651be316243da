// Forms the negation of a claim by rule, where a rule is safe.
#pragma once

#include <string>
#include <variant>

namespace heretix {

// The reason why no rule applies, for people to read.
struct NoSafeNegation {
  std::string reason;
};

// English only. Puts "not" after the single form of "be", "will" or "can" of a plain clause. Refuses wherever the scope
// of "not", or the verb itself, could be read in two ways: another negation, quantifiers, modal verbs, several clauses,
// an indefinite subject, no such verb, or several. Pure.
std::variant<std::string, NoSafeNegation> negation_by_rule(const std::string& claim);

}  // namespace heretix
