// A tool that an assistant may call: its definition, and the function behind it.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace heretix::mcp {

// How far a call has come. `progress` grows from one to the next, and `total` is what it grows to.
struct ToolProgress {
  double progress = 0;
  std::optional<double> total;
  std::string message;
};

struct ToolCall {
  nlohmann::json arguments;                         // fit the tool's input schema
  std::stop_token stop;                             // the client cancelled the call, or the server ends
  std::function<void(const ToolProgress&)> report;  // empty where the client asked for no progress
};

struct ToolOutcome {
  std::string text;           // for people, and for models that read text alone
  nlohmann::json structured;  // fits the tool's output schema; null for a failure
  bool failed = false;
};

// Calls of one lane follow one another. What reads a store does not wait for what asks a model.
enum class ToolLane { reading, asking };

struct Tool {
  nlohmann::json definition;  // name, title, description, inputSchema, outputSchema, annotations
  ToolLane lane;
  // Throws Error for what cannot be done; the client gets its text and its hint as the outcome of the tool.
  std::function<ToolOutcome(const ToolCall&)> call;

  std::string name() const { return definition.at("name").get<std::string>(); }
};

// Compares arguments with a tool's input schema, of which the keywords type, enum, minimum, exclusiveMinimum, maximum,
// minLength, items, maxItems, required and additionalProperties count. Throws Error{bad_input} naming the argument,
// what it may be, and in the hint the arguments that there are. Pure.
void require_fits_schema(const nlohmann::json& arguments, const Tool& tool);

}  // namespace heretix::mcp
