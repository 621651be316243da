#include "cli/mcp/json_rpc.hpp"

namespace heretix::mcp {

using nlohmann::json;

namespace {

bool is_id(const json& value) { return value.is_string() || value.is_number_integer(); }

std::string line_of(const json& message) { return message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

}  // namespace

ReadMessage read_message(const json& value) {
  const auto refused = [&](const char* why) {
    const bool has_id = value.is_object() && value.contains("id") && is_id(value["id"]);
    return UnreadableMessage{has_id ? value["id"] : json(nullptr), {RpcCode::invalid_request, why}};
  };
  if (!value.is_object()) return refused("a message is a JSON object");
  if (value.value("jsonrpc", json()) != "2.0") return refused("the message lacks \"jsonrpc\": \"2.0\"");
  if (!value.contains("method") && (value.contains("result") || value.contains("error"))) return StrayResponse{};

  RpcMessage message;
  if (value.contains("id")) {
    if (!is_id(value["id"])) return refused("an id is a string or an integer");
    message.id = value["id"];
  }
  if (!value.contains("method") || !value["method"].is_string()) return refused("the message lacks a method");
  message.method = value["method"].get<std::string>();
  if (value.contains("params")) {
    if (!value["params"].is_object()) return refused("params is not a JSON object");
    message.params = value["params"];
  }
  return message;
}

std::string result_line(const json& id, json result) {
  return line_of({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
}

std::string fault_line(const json& id, const RpcFault& fault) {
  json error = {{"code", static_cast<int>(fault.code)}, {"message", fault.message}};
  if (!fault.data.is_null()) error["data"] = fault.data;
  return line_of({{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(error)}});
}

std::string notification_line(std::string_view method, json params) {
  return line_of({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
}

}  // namespace heretix::mcp
