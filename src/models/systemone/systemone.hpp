// System One: TypeSafe's API for decision models, which about a hundred other servers speak too, llama.cpp's among
// them, and OpenRouter under a path of its own.
#pragma once

#include "models/http/decision_wire.hpp"

namespace heretix {

// What differs between the servers that speak it.
struct SystemOneDialect {
  std::string_view path = "/v1/systemone";
  DecisionLimits limits{};
};

// TypeSafe's own limits, as its model card gives them: of one request, and of the state with the longest question.
inline constexpr DecisionLimits kJevLimits{.request_tokens = 65'536, .question_tokens = 32'768};

// Shapes: typesafe-sdk 0.7.5, _schemas/models.py; openrouter 1.3.84, components/decisions*.py. A statement is a `noul`
// without criteria, which all of them accept. This API has no refusals.
class SystemOneWire final : public DecisionWire {
 public:
  explicit SystemOneWire(SystemOneDialect dialect) : dialect_(dialect) {}
  std::string path() const override { return std::string(dialect_.path); }
  Body body(std::string_view model, std::string_view state, std::span<const Statement> statements) const override;
  StatedTogether read(const nlohmann::json& body, std::span<const Statement> statements) const override;
  DecisionLimits limits() const override { return dialect_.limits; }
  bool retries_conflicts() const override { return false; }

 private:
  SystemOneDialect dialect_;
};

}  // namespace heretix
