// JSON-RPC 2.0 as the Model Context Protocol uses it on standard input and output: one message a line, and ids that are
// strings or integers. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace heretix::mcp {

// Of JSON-RPC, and of the protocol's own range.
enum class RpcCode : int {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  unsupported_version = -32022
};

struct RpcFault {
  RpcCode code;
  std::string message;
  nlohmann::json data = nullptr;  // null: none
};

// A request, or a notification if it has no id.
struct RpcMessage {
  nlohmann::json id;  // null for a notification
  std::string method;
  nlohmann::json params = nlohmann::json::object();

  bool is_request() const { return !id.is_null(); }
};

// A message that cannot be read, with its id as far as that can be told; null if not.
struct UnreadableMessage {
  nlohmann::json id;
  RpcFault fault;
};

// An answer to a request of ours. We send none, so it is passed over.
struct StrayResponse {};

using ReadMessage = std::variant<RpcMessage, UnreadableMessage, StrayResponse>;

// Reads the value of one line. A list of messages is the caller's business.
ReadMessage read_message(const nlohmann::json& value);

// Lines, with their line end. What is no UTF-8 in a text is replaced.
std::string result_line(const nlohmann::json& id, nlohmann::json result);
std::string fault_line(const nlohmann::json& id, const RpcFault& fault);
std::string notification_line(std::string_view method, nlohmann::json params);

}  // namespace heretix::mcp
