// Which questions go into one request of a decisions API, and under which ids. Pure.
//
// Statements and their negations are never put together: a model that sees a claim beside its negation can make the two
// fit. A group waits until it is full, as long as more questions may come that would fill it.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "models/http/decision_wire.hpp"
#include "models/provider.hpp"

namespace heretix {

class Packing {
 public:
  Packing(const Plan& plan, std::size_t together) : plan_(plan), together_(together) {}  // the plan is borrowed

  std::size_t together() const { return together_; }

  // How many questions must be at hand so that `requests` full ones can be made, whichever side each of them asks.
  std::size_t questions_for(std::size_t requests) const {
    const std::size_t other_side = together_ > 1 && requests > 0 ? together_ : 0;
    return requests * together_ + other_side;
  }

  // How many requests those questions make at least.
  std::size_t requests_of(std::size_t questions) const { return (questions + together_ - 1) / together_; }

  // Takes the questions of the next request out of `ready`, in the order of the plan, or in the opposite order if
  // Mode's "order" says so. Empty if no request is full and more questions may come.
  std::vector<Request> take(std::deque<Request>& ready, bool more_may_come) const;

  // The statements of these questions with their ids: "q1", "q2", …, by their place in the request. Mode's "ids" names
  // another beginning than "q".
  std::vector<Statement> statements(std::span<const Request> requests) const;

 private:
  std::vector<Request> take_side(std::deque<Request>& ready, bool is_negation, bool may_be_partial) const;

  const Plan& plan_;
  std::size_t together_;
};

}  // namespace heretix
