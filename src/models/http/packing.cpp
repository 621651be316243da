#include "models/http/packing.hpp"

#include <algorithm>

namespace heretix {

std::vector<Request> Packing::take_side(std::deque<Request>& ready, bool is_negation, bool may_be_partial) const {
  const auto is_of_side = [&](const Request& r) { return plan_.questions[r.question].is_negation == is_negation; };
  std::vector<Request> group;
  for (const Request& request : ready) {
    if (is_of_side(request)) group.push_back(request);
    if (group.size() == together_) break;
  }
  if (group.size() < together_ && !may_be_partial) return {};

  std::size_t left = group.size();
  std::erase_if(ready, [&](const Request& request) {
    if (left == 0 || !is_of_side(request)) return false;
    --left;
    return true;
  });
  std::ranges::sort(group, {}, &Request::question);
  if (plan_.recipe.mode.value("order") == kReversedOrder) std::ranges::reverse(group);
  return group;
}

std::vector<Request> Packing::take(std::deque<Request>& ready, bool more_may_come) const {
  if (ready.empty()) return {};
  if (together_ == 1) {
    const Request next = ready.front();
    ready.pop_front();
    return {next};
  }

  const bool first_side = plan_.questions[ready.front().question].is_negation;
  for (const bool side : {first_side, !first_side}) {
    if (auto full = take_side(ready, side, false); !full.empty()) return full;
  }
  return more_may_come ? std::vector<Request>{} : take_side(ready, first_side, true);
}

std::vector<Statement> Packing::statements(std::span<const Request> requests) const {
  const std::string given = plan_.recipe.mode.value("ids");
  const std::string beginning = given.empty() ? "q" : given;
  std::vector<Statement> statements;
  statements.reserve(requests.size());
  for (const Request& request : requests) {
    std::string id = beginning + std::to_string(statements.size() + 1);
    statements.push_back({std::move(id), plan_.questions[request.question].user_text});
  }
  return statements;
}

}  // namespace heretix
