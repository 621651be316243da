#include "models/http/frame.hpp"

#include <nlohmann/json.hpp>

namespace heretix {
namespace {

constexpr std::string_view kMark = "\x01user text\x01";
constexpr std::string_view kBegunMark = "\x01the opening\x01";

// Without its quotes: the user's text may stand behind the system's in one string.
std::string json_text(std::string_view text) {
  const std::string quoted = json_of(Body(text));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

std::string json_of(const Body& body) { return body.dump(-1, ' ', false, Body::error_handler_t::replace); }

RequestFrame::RequestFrame(const Plan& plan, const HttpProviderOptions& options) {
  const Asked asked{.model = options.asked_model,
                    .system = plan.system_text,
                    .user = kMark,
                    .max_output_tokens = plan.recipe.sampling.max_output_tokens,
                    .optional = options.optional,
                    .way = options.way,
                    .readout = plan.recipe.readout(),
                    .begun = kBegunMark};
  const std::string frame = json_of(options.wire->body(asked));
  const std::string mark = json_text(kMark);
  const std::size_t place = frame.rfind(mark);  // the system text comes from a file, which may hold anything
  before_user_ = frame.substr(0, place);
  after_user_ = frame.substr(place + mark.size());
  if (asked.readout != Readout::expected) return;
  const std::string begun = json_text(kBegunMark);
  const std::size_t begun_place = after_user_.find(begun);
  before_begun_ = after_user_.substr(0, begun_place);
  after_user_.erase(0, begun_place + begun.size());
}

std::string RequestFrame::body(const Question& question) const {
  const std::string begun = question.begun.empty() ? "" : before_begun_ + json_text(question.begun);
  return before_user_ + json_text(question.user_text) + begun + after_user_;
}

}  // namespace heretix
