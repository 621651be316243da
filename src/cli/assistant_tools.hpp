// The tools of `heretix mcp` over the code of the commands run, describe, compare, list and show (docs/mcp.md).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/mcp/tool.hpp"
#include "cli/session.hpp"

namespace heretix {

extern const std::string_view kMcpToolsJson;  // data/mcp_tools.json, embedded at build time (cmake/embed.cmake)

// What an assistant may spend in a day where the person who starts the server says nothing about it.
inline constexpr double kAssistantBudgetDay = 1.00;  // dollars

class AssistantTools {
 public:
  // `options` are what every measurement starts from: the model, the store, the plan. Its budgets are the person's:
  // `budget` for everything that this server asks, `budget_day` for everything that the store sees in a day; if neither
  // is given, kAssistantBudgetDay is. Throws Error for options that no measurement could be made with.
  explicit AssistantTools(MeasuringOptions options);

  // They borrow this object. Calls of the lane `asking` must not overlap.
  std::vector<mcp::Tool> tools();

 private:
  struct Loaded {
    Settings settings;
    std::unique_ptr<Provider> provider;
  };

  mcp::ToolOutcome measure(const mcp::ToolCall& call);
  mcp::ToolOutcome describe(const mcp::ToolCall& call) const;
  mcp::ToolOutcome compare(const mcp::ToolCall& call) const;
  mcp::ToolOutcome list(const mcp::ToolCall& call) const;
  mcp::ToolOutcome show(const mcp::ToolCall& call) const;

  MeasuringOptions measuring_options(const nlohmann::json& arguments) const;
  Provider& provider_for(const Settings& settings);
  Budget budget_of(const nlohmann::json& arguments, const ProviderFacts& facts) const;
  Record record_of(const Resolved& resolved, const mcp::ToolCall& call, Database& store, Budget& budget);

  MeasuringOptions options_;
  std::optional<Loaded> loaded_;  // the model that was asked last, so that the next call need not load it again
  Usd committed_;                 // spent, or perhaps spent, by this server
};

}  // namespace heretix
