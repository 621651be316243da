// Any bytes from a provider are read as a reply or an error without a fault: every wire, every time, every header.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "models/anthropic/anthropic.hpp"
#include "models/gemini/gemini.hpp"
#include "models/http/pacer.hpp"
#include "models/http/provider_error.hpp"
#include "models/http/times.hpp"
#include "models/openai/openai.hpp"
#include "models/systemone/systemone.hpp"

namespace {

using namespace heretix;

void read_by_every_wire(const nlohmann::json& body) {
  const ResponsesWire responses;
  const ChatWire chat(ChatDialect{}), apart(ChatDialect{.ranges = false, .reasoning_apart = true});
  const MessagesWire messages;
  const GenerateContentWire gemini;
  for (const Wire* wire :
       {static_cast<const Wire*>(&responses), static_cast<const Wire*>(&chat), static_cast<const Wire*>(&apart),
        static_cast<const Wire*>(&messages), static_cast<const Wire*>(&gemini)}) {
    if (body.is_object()) (void)wire->read(body);
  }
  (void)read_error(body);
}

// Whatever a reply holds, each question gets one answer of its own, and its text is JSON or nothing.
void read_by_every_decision_wire(const nlohmann::json& body) {
  const OpenAiDecisionWire openai;
  const GeminiDecisionWire gemini;
  const SystemOneWire systemone{SystemOneDialect{}};
  const Statement asked[] = {{"q1", "Snow is white."}, {"q2", "Ice is warm."}};
  for (const DecisionWire* wire : {static_cast<const DecisionWire*>(&openai), static_cast<const DecisionWire*>(&gemini),
                                   static_cast<const DecisionWire*>(&systemone)}) {
    const StatedTogether stated = wire->read(body, asked);
    if (stated.answers.size() != (stated.request.no_answer.empty() ? 2U : 0U)) std::abort();
    for (const Stated& answer : stated.answers) {
      if (!answer.text.empty() && !nlohmann::json::accept(answer.text)) std::abort();
    }
  }
  (void)is_no_decision_model(read_error(body), 400);
}

void read_times(std::string_view text) {
  const auto now = std::chrono::system_clock::time_point{} + std::chrono::hours(24 * 365 * 56);
  const auto duration = parse_duration(text);
  if (duration && duration->count() < 0) std::abort();
  (void)until_rfc3339(text, now);
  Headers headers;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    headers.add_line(text.substr(start, end - start));
    start = end + 1;
  }
  const auto wait = retry_after(headers, now);
  if (wait && (wait->count() < 0 || *wait > std::chrono::days(400))) std::abort();
  Pacer pacer;
  const Pacer::Time steady{};
  pacer.learn(headers, 3, steady, now, 100);
  if (pacer.room(7, steady, 100) > 7 || pacer.opens_at(100, steady) < steady) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const nlohmann::json body = parse_body(text);
  read_by_every_wire(body);
  if (body.is_object()) read_by_every_decision_wire(body);
  (void)read_plain_error(text);
  read_times(text);
  return 0;
}
