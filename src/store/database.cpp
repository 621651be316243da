#include "store/database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>
#include <thread>

namespace heretix {

// One by one: rows have few columns, and names of other lengths are passed over at once.
const Value* Row::find(std::string_view column) const {
  const auto found = std::ranges::find(*names_, column);
  return found == names_->end() ? nullptr : &values_[static_cast<std::size_t>(found - names_->begin())];
}

const Value& Row::value(std::string_view column) const {
  const Value* found = find(column);
  if (found == nullptr) throw Error(ErrorKind::broken, fmt::format("the database returned no column {}", column));
  return *found;
}

Row Row::with(const std::string& column, Value value) const {
  Row copy = *this;
  const auto found = std::ranges::find(*names_, column);
  if (found != names_->end()) {
    copy.values_[static_cast<std::size_t>(found - names_->begin())] = std::move(value);
    return copy;
  }

  auto names = *names_;
  names.push_back(column);
  copy.names_ = std::make_shared<const std::vector<std::string>>(std::move(names));
  copy.values_.push_back(std::move(value));
  return copy;
}

std::optional<std::int64_t> Row::integer(std::string_view column) const {
  const Value& v = value(column);
  if (const auto* i = std::get_if<std::int64_t>(&v)) return *i;
  if (const auto* d = std::get_if<double>(&v); d && std::abs(*d) < 9.2e18) return static_cast<std::int64_t>(*d);
  if (const auto* s = std::get_if<std::string>(&v))
    return static_cast<std::int64_t>(std::strtoull(s->c_str(), nullptr, 10));
  return std::nullopt;
}

std::optional<double> Row::real(std::string_view column) const {
  const Value& v = value(column);
  if (const auto* d = std::get_if<double>(&v)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&v)) return static_cast<double>(*i);
  return std::nullopt;
}

std::optional<std::string> Row::text(std::string_view column) const {
  const Value& v = value(column);
  if (const auto* s = std::get_if<std::string>(&v)) return *s;
  if (const auto* i = std::get_if<std::int64_t>(&v)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&v)) return fmt::format("{}", *d);
  return std::nullopt;
}

std::string Row::required_text(std::string_view column) const {
  auto found = text(column);
  if (!found) throw Error(ErrorKind::broken, fmt::format("the database contains a NULL in column {}", column));
  return std::move(*found);
}

std::vector<std::vector<Row>> Database::query_all(const std::vector<Query>& queries) {
  std::vector<std::vector<Row>> found;
  found.reserve(queries.size());
  for (const Query& one : queries) found.push_back(rows_of(one.sql, one.bindings, one.effect));
  return found;
}

namespace {

enum class Ended { committed, lost };

// The pause grows so that a crowd of losers thins out, and is jittered so that they do not meet again.
void pause_before_retry(int tries_done) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int longest = 10 << std::min(tries_done, 6);
  std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution(longest / 2, longest)(random)));
}

Ended try_once(Database& database, const std::function<void()>& body, const TransactionOptions& options) {
  Transaction transaction(database, options.isolation);
  body();
  try {
    transaction.commit();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::in_doubt) throw;
    if (options.was_committed) return options.was_committed() ? Ended::committed : Ended::lost;
    if (options.unheard == UnheardCommit::is_in_doubt) throw;
    return options.unheard == UnheardCommit::is_let_go ? Ended::committed : Ended::lost;
  }
  return Ended::committed;
}

}  // namespace

void in_transaction(Database& database, const std::function<void()>& body, const TransactionOptions& options) {
  for (int tries = 1;; ++tries) {
    try {
      if (try_once(database, body, options) == Ended::committed) return;
      if (tries >= options.tries) throw TransactionLost(ErrorKind::unavailable, "the connection broke at every COMMIT");
    } catch (const TransactionLost&) {
      if (tries >= options.tries) throw;
    }
    pause_before_retry(tries);
  }
}

}  // namespace heretix
