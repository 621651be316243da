#include "models/http/pacer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "models/http/times.hpp"

namespace heretix {
namespace {

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

struct ToldLimit {
  std::optional<double> limit, remaining;
  std::optional<std::chrono::milliseconds> reset;
};

// OpenAI and xAI: x-ratelimit-limit-requests, …; Anthropic: anthropic-ratelimit-requests-limit, ….
ToldLimit told_by(const Headers& headers, const std::string& what, SystemTime wall) {
  ToldLimit told;
  told.limit = number(headers.value("x-ratelimit-limit-" + what));
  told.remaining = number(headers.value("x-ratelimit-remaining-" + what));
  told.reset = parse_duration(headers.value("x-ratelimit-reset-" + what));
  if (told.limit) return told;
  const std::string prefix = "anthropic-ratelimit-" + what;
  told.limit = number(headers.value(prefix + "-limit"));
  told.remaining = number(headers.value(prefix + "-remaining"));
  told.reset = until_rfc3339(headers.value(prefix + "-reset"), wall);
  return told;
}

// A full bucket is reset in no time, so only a used one tells its rate; else the limit is of a minute.
double rate_of(const ToldLimit& told) {
  const double used = *told.limit - *told.remaining;
  if (told.reset && told.reset->count() > 0 && used > 0)
    return used / (static_cast<double>(told.reset->count()) / 1000);
  return *told.limit / 60;
}

}  // namespace

double Pacer::Bucket::level_at(Time now) const {
  return std::min(limit, level + per_second * std::chrono::duration<double>(now - at).count());
}

void Pacer::learn(const Headers& headers, std::size_t in_flight, Time now, SystemTime wall, double tokens_each) {
  const auto update = [&](Bucket& bucket, const std::string& what, double not_counted) {
    const ToldLimit told = told_by(headers, what, wall);
    if (!told.limit || !told.remaining || *told.limit < 1 || *told.remaining < 0) return;
    bucket = {.per_second = rate_of(told), .level = *told.remaining - not_counted, .limit = *told.limit, .at = now};
  };
  const auto open = static_cast<double>(in_flight);
  update(requests_, "requests", open);
  update(tokens_, "tokens", open * tokens_each);
}

std::size_t Pacer::room(std::size_t most, Time now, double tokens_each) const {
  double allowed = static_cast<double>(most);
  if (requests_.per_second > 0) allowed = std::min(allowed, requests_.level_at(now));
  if (tokens_.per_second > 0 && tokens_each > 0) allowed = std::min(allowed, tokens_.level_at(now) / tokens_each);
  return allowed < 1 ? 0 : static_cast<std::size_t>(allowed);
}

Pacer::Time Pacer::opens_at(double tokens_each, Time now) const {
  double seconds = 0;
  const auto consider = [&](const Bucket& bucket, double needed) {
    if (bucket.per_second <= 0) return;
    seconds = std::max(seconds, (std::min(needed, bucket.limit) - bucket.level_at(now)) / bucket.per_second);
  };
  consider(requests_, 1);
  consider(tokens_, tokens_each);
  return now + std::chrono::milliseconds(std::llround(std::ceil(std::min(seconds, 86'400.0) * 1000)));
}

void Pacer::on_sent(double tokens) {
  requests_.level -= 1;
  tokens_.level -= tokens;
}

}  // namespace heretix
