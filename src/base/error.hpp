// The one exception that Heretix throws.
//
// Throw it only when the work in hand must stop. An outcome that a careful caller expects (a refused
// answer, a failed gate, an empty cache) is a value, not an Error.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/word_table.hpp"

namespace heretix {

// What the person at the other end can do about it. Exit codes and HTTP statuses derive from this
// alone, so add a kind only when it asks for a different reaction.
enum class ErrorKind {
  bad_input,      // correct the request
  not_found,      // nothing goes by that name
  not_allowed,    // sign in, or ask for the right
  limit_reached,  // wait for the next period, or change plan
  too_many,       // slow down, then try again
  conflict,       // somebody else got there first
  too_large,      // send less
  unavailable,    // nothing happened; trying again is safe
  in_doubt,       // it may have happened, and been billed; look before trying again
  stopped,        // stopped half-way, everything kept; the same command goes on
  broken,         // a bug or a damaged file; report it
};

// Stored and shown.
inline constexpr WordTable<ErrorKind, 11> kErrorKindWords{{{ErrorKind::bad_input, "bad_input"},
                                                           {ErrorKind::not_found, "not_found"},
                                                           {ErrorKind::not_allowed, "not_allowed"},
                                                           {ErrorKind::limit_reached, "limit_reached"},
                                                           {ErrorKind::too_many, "too_many"},
                                                           {ErrorKind::conflict, "conflict"},
                                                           {ErrorKind::too_large, "too_large"},
                                                           {ErrorKind::unavailable, "unavailable"},
                                                           {ErrorKind::in_doubt, "in_doubt"},
                                                           {ErrorKind::stopped, "stopped"},
                                                           {ErrorKind::broken, "broken"}}};
constexpr std::string_view to_word(ErrorKind kind) { return kErrorKindWords.word(kind); }

class Error : public std::runtime_error {
 public:
  // `what` says what happened, and to which thing. `hint` says what to do next; it is empty if nobody knows.
  // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a message before its hint, as people read them
  Error(ErrorKind kind, const std::string& what, std::string hint = {})
      : std::runtime_error(what), kind_(kind), hint_(std::move(hint)) {}

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& hint() const noexcept { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

}  // namespace heretix
