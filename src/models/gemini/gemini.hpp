// Google's Gemini API.
#pragma once

#include "models/http/decision_wire.hpp"
#include "models/http/wire.hpp"

namespace heretix {

// POST /v1beta/models/MODEL:generateContent. Shapes: Google's discovery document of generativelanguage v1beta,
// GenerateContentRequest and GenerateContentResponse.
class GenerateContentWire final : public Wire {
 public:
  std::string path(std::string_view model) const override;
  Body body(const Asked& asked) const override;
  Said read(const nlohmann::json& body) const override;
};

// POST /v1beta/decisions. Shapes: google-genai 3.6, _gaos/types/decisions. A statement is a `noul`. What is blocked is
// always the whole request, and replies do not name the model.
class GeminiDecisionWire final : public DecisionWire {
 public:
  std::string path() const override;
  Body body(std::string_view model, std::string_view state, std::span<const Statement> statements) const override;
  StatedTogether read(const nlohmann::json& body, std::span<const Statement> statements) const override;
  DecisionLimits limits() const override;
  bool retries_conflicts() const override { return true; }
};

}  // namespace heretix
