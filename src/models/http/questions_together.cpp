// What a decisions API takes of a plan, checked before anything is sent.
#include <fmt/format.h>

#include <algorithm>

#include "base/number.hpp"
#include "models/http/http_provider.hpp"

namespace heretix {
namespace {

// No text of ours has more bytes to a token. What is longer than this many is surely over a limit; what is only just
// over it is refused by the service itself.
constexpr std::size_t kMostBytesPerToken = 6;

void require_length(const HttpProviderOptions& options, std::size_t bytes, std::size_t tokens, const char* what) {
  if (tokens == 0 || bytes <= tokens * kMostBytesPerToken) return;
  throw Error(ErrorKind::too_large,
              fmt::format("{} takes at most {} tokens for {}, which here amount to {} bytes", options.provider, tokens,
                          what, bytes),
              "shorten the claim");
}

std::size_t wanted_together(const Plan& plan, const HttpProviderOptions& options) {
  const std::string given = plan.recipe.mode.value("together");
  if (given.empty()) return 1;
  const auto together = whole_number(given);
  const std::size_t most = options.decisions->limits().questions;
  if (!together || *together < 1)
    throw Error(ErrorKind::bad_input, fmt::format("'{}' is not a number of questions in one request", given),
                "give a whole number, 1 or more");
  if (static_cast<std::uint64_t>(*together) > most)
    throw Error(ErrorKind::bad_input,
                fmt::format("{} takes at most {} questions in one request; {} were asked for", options.provider, most,
                            *together),
                "put fewer questions into one request");
  return static_cast<std::size_t>(*together);
}

}  // namespace

std::size_t questions_together(const Plan& plan, const HttpProviderOptions& options) {
  const std::size_t together = wanted_together(plan, options);
  std::size_t longest = 0;
  for (const Question& question : plan.questions) longest = std::max(longest, question.user_text.size());

  const DecisionLimits limits = options.decisions->limits();
  const std::size_t state = plan.system_text.size();
  require_length(options, state + longest, limits.question_tokens, "the state and its longest question");
  require_length(options, state + longest * together, limits.request_tokens,
                 "the state and the questions of a request");
  return together;
}

}  // namespace heretix
