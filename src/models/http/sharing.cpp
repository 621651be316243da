// What several questions of one request cost each.
#include <algorithm>

#include "models/http/http_provider.hpp"

namespace heretix {
namespace {

struct Share {
  std::int64_t place = 0;  // of the question in its request
  std::int64_t of = 1;     // questions of the request

  // Whole numbers, the remainder to the first questions. A part that is no larger than its whole stays so in each
  // share.
  std::int64_t count(std::int64_t whole) const { return whole / of + (place < whole % of ? 1 : 0); }
  std::optional<long> count(const std::optional<long>& whole) const {
    return whole ? std::optional<long>(count(static_cast<std::int64_t>(*whole))) : std::nullopt;
  }
  std::optional<Usd> money(const std::optional<Usd>& whole) const {
    return whole ? std::optional(Usd::from_picos(count(whole->picos()))) : std::nullopt;
  }
};

Usage share_of(const Usage& whole, const Share& share) {
  Usage part = whole;
  for (auto count : {&Usage::input, &Usage::cached_input, &Usage::cache_writes, &Usage::long_cache_writes,
                     &Usage::output, &Usage::reasoning})
    part.*count = share.count(whole.*count);
  part.charged = share.money(whole.charged);
  return part;
}

std::variant<Reply, Failure> share_of(const std::variant<Reply, Failure>& whole, const Share& share) {
  std::variant<Reply, Failure> part = whole;
  if (auto* failure = std::get_if<Failure>(&part)) {
    failure->billed = share.money(failure->billed);
    return part;
  }
  auto& reply = std::get<Reply>(part);
  reply.usage = share_of(reply.usage, share);
  reply.billed = share.money(reply.billed);
  return part;
}

}  // namespace

std::vector<std::variant<Reply, Failure>> outcome_of_each(Reading reading, std::size_t questions) {
  std::vector<std::variant<Reply, Failure>> each;
  each.reserve(questions);
  for (std::size_t i = 0; i < questions; ++i) {
    const Share share{static_cast<std::int64_t>(i), static_cast<std::int64_t>(questions)};
    each.push_back(questions == 1 ? std::move(reading.outcome) : share_of(reading.outcome, share));
    if (reading.answers.empty()) continue;
    auto& reply = std::get<Reply>(each.back());
    Stated& stated = reading.answers[i];
    reply.text = std::move(stated.text);
    reply.ending = stated.ending;
    reply.finish = std::move(stated.finish);
    reply.notice = std::move(stated.notice);
  }
  return each;
}

}  // namespace heretix
