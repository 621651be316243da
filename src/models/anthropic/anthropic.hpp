// Anthropic's Messages API.
#pragma once

#include "models/http/wire.hpp"

namespace heretix {

inline constexpr const char* kAnthropicVersion = "anthropic-version: 2023-06-01";

// POST /v1/messages. Shapes: Anthropic's API reference and its SDK's types MessageCreateParams and Message. It knows no
// log-probabilities, and its structured output enforces no range of a number.
class MessagesWire final : public Wire {
 public:
  std::string path(std::string_view model) const override;
  Body body(const Asked& asked) const override;
  Said read(const nlohmann::json& body) const override;
  std::optional<AskingWay> fall_back(AskingWay way, std::string_view feature) const override;
};

}  // namespace heretix
