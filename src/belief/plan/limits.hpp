// How large a measurement may be, by its numbers alone. Pure.
//
// A plan of 4,096 times 1,024 questions takes gigabytes, so every route and every command checks here before a bank is
// read or a plan is made.
#pragma once

#include <cstdint>

#include "belief/plan/recipe.hpp"

namespace heretix {

// The most questions of one measurement: K times R, times the samples if a frequency is counted, and times 2 for a
// decision.
inline constexpr std::int64_t kMaxQuestions = 65'536;

// Throws Error{bad_input} naming the field, its value and its limits if the value lies outside of them.
void require_in(const char* field, long value, long least, long most);

// How many questions a sampling asks: K times R, times `samples` if a frequency is counted, and times 2 for a decision,
// which asks each statement and its negation. The values may be out of range; the number is exact for any K and R that
// an int holds.
std::int64_t questions_of(const Sampling& sampling, Readout readout, int samples);

// Tests K, R, B, the other numbers of a sampling, and the number of questions. (T is bounded by the bank: require_valid
// tests it, before anything is planned.) `most_questions` may be lower than kMaxQuestions, as it is in the service.
// Throws Error{bad_input} naming the field, its value and its limit.
void require_measurable(const Sampling& sampling, Readout readout, int samples,
                        std::int64_t most_questions = kMaxQuestions);

// The part of require_measurable() that holds for every stored recipe too: what was measured once can be made again,
// whatever the limit on questions is today.
void require_ranges(const Sampling& sampling);

}  // namespace heretix
