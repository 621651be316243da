// Any bytes from a provider are read as a reply or an error without a fault: every wire, every time, every header.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "provider/anthropic/anthropic.hpp"
#include "provider/gemini/gemini.hpp"
#include "provider/http/pacer.hpp"
#include "provider/http/provider_error.hpp"
#include "provider/http/times.hpp"
#include "provider/openai/openai.hpp"

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
  pacer.learn(headers, steady, now, 3, 100);
  if (pacer.room(7, 100, steady) > 7 || pacer.opens_at(100, steady) < steady) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_by_every_wire(parse_body(text));
  (void)read_plain_error(text);
  read_times(text);
  return 0;
}
