// Google's Gemini API.
#pragma once

#include "provider/http/wire.hpp"

namespace heretix {

// POST /v1beta/models/MODEL:generateContent. Shapes: Google's discovery document of generativelanguage v1beta,
// GenerateContentRequest and GenerateContentResponse.
class GenerateContentWire final : public Wire {
 public:
  std::string path(std::string_view model) const override;
  Body body(const Asked& asked) const override;
  Said read(const nlohmann::json& body) const override;
};

}  // namespace heretix
