#include "cli/mcp/server.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/strict_json.hpp"
#include "base/text.hpp"

namespace heretix::mcp {

using nlohmann::json;

namespace {

constexpr int kDeepestJson = 64;
constexpr std::size_t kMostShownText = 100;             // characters of what a client sent, in what it is told
constexpr std::int64_t kFreshMilliseconds = 3'600'000;  // definitions change with the program alone

constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
constexpr const char* kServerInfoKey = "io.modelcontextprotocol/serverInfo";
constexpr const char* kSubscriptionKey = "io.modelcontextprotocol/subscriptionId";

std::string shown_text(const std::string& text) { return on_one_line(shortened(text, kMostShownText)); }

json all_versions() {
  json versions = {kNewestVersion};
  for (const std::string_view version : kHandshakeVersions) versions.push_back(version);
  return versions;
}

bool is_token(const json& value) { return value.is_string() || value.is_number_integer(); }

json progress_token_of(const json& params) {
  const json meta = params.value("_meta", json::object());
  const json token = meta.is_object() ? meta.value("progressToken", json()) : json();
  return is_token(token) ? token : json();
}

ToolOutcome failure(const Error& error) {
  std::string text = error.what();
  if (!error.hint().empty()) text += "\ntry: " + error.hint();
  return {.text = std::move(text), .structured = {}, .failed = true};
}

}  // namespace

McpServer::McpServer(ServerIdentity identity, std::vector<Tool> tools, std::function<bool(const std::string&)> write,
                     std::function<void(const std::string&)> log)
    : identity_(std::move(identity)), tools_(std::move(tools)), write_(std::move(write)), log_(std::move(log)) {
  for (const ToolLane lane : {ToolLane::reading, ToolLane::asking}) lanes_[lane];
  for (auto& [kind, lane] : lanes_) lane.thread = std::thread([this, &lane = lane] { work(lane); });
}

McpServer::~McpServer() { finish(); }

void McpServer::handle_line(std::string_view line) {
  if (is_blank(line)) return;
  json value;
  const JsonFault fault = parse_strict(line, kDeepestJson, value);
  if (fault == JsonFault::none) return handle_value(value);

  const char* what = fault == JsonFault::duplicate_key ? "a key is given twice in one object"
                     : fault == JsonFault::too_deep    ? "objects and lists are nested too deep"
                                                       : "the line is not JSON";
  refuse(nullptr, {RpcCode::parse_error, what});
}

void McpServer::handle_long_line() {
  refuse(nullptr, {RpcCode::invalid_request, fmt::format("a message has at most {} bytes", kMostLineBytes)});
}

void McpServer::handle_value(const json& value) {
  // Only revision 2025-03-26 sends several messages at once. Each is answered on a line of its own.
  if (value.is_array() && !value.empty() && handshake_version_ == "2025-03-26") {
    for (const json& one : value) {
      if (!one.is_array()) handle_value(one);
    }
    return;
  }

  const ReadMessage read = read_message(value);
  if (const auto* unreadable = std::get_if<UnreadableMessage>(&read)) refuse(unreadable->id, unreadable->fault);
  const auto* message = std::get_if<RpcMessage>(&read);
  if (message == nullptr) return;

  if (message->is_request()) handle_request(*message);
  else if (message->method == "notifications/cancelled") handle_cancelled(*message);
}

std::variant<McpServer::Era, RpcFault> McpServer::era_of(const RpcMessage& request) const {
  const json meta = request.params.value("_meta", json::object());
  if (!meta.is_object()) return RpcFault{RpcCode::invalid_params, "_meta is not a JSON object"};
  if (!meta.contains(kVersionKey)) {
    // `ping` is how a client of the earlier revisions asks whether anybody is there.
    if (!handshake_version_.empty() || request.method == "ping") return Era::handshake;
    return RpcFault{RpcCode::invalid_params,
                    fmt::format("the request has no {} in its _meta, and no initialize came before it", kVersionKey)};
  }

  const json& version = meta[kVersionKey];
  if (!version.is_string()) return RpcFault{RpcCode::invalid_params, fmt::format("{} is not a string", kVersionKey)};
  if (version != kNewestVersion)
    return RpcFault{RpcCode::unsupported_version,
                    "Unsupported protocol version",
                    {{"supported", all_versions()}, {"requested", version}}};
  if (!meta.contains(kCapabilitiesKey) || !meta[kCapabilitiesKey].is_object())
    return RpcFault{RpcCode::invalid_params, fmt::format("{} is missing in _meta", kCapabilitiesKey)};
  return Era::stateless;
}

void McpServer::handle_request(const RpcMessage& request) {
  if (request.method == "initialize") return answer(request.id, initialized(request), Era::handshake);

  const auto found = era_of(request);
  if (const auto* fault = std::get_if<RpcFault>(&found)) return refuse(request.id, *fault);
  const Era era = std::get<Era>(found);

  if (request.method == "tools/call") return call_tool(request, era);
  if (request.method == "tools/list") return list_tools(request, era);
  if (era == Era::stateless && request.method == "server/discover") return answer(request.id, discovered(), era);
  if (era == Era::stateless && request.method == "subscriptions/listen") return listen(request);
  if (era == Era::handshake && request.method == "ping") return answer(request.id, json::object(), era);
  refuse(request.id, {RpcCode::method_not_found, "Method not found: " + shown_text(request.method)});
}

// A client that offers a revision we do not know is answered with our newest, and decides whether it can speak that.
json McpServer::initialized(const RpcMessage& request) {
  const json offered = request.params.value("protocolVersion", json());
  const bool is_known = offered.is_string() &&
                        std::ranges::find(kHandshakeVersions, offered.get<std::string>()) != kHandshakeVersions.end();
  handshake_version_ = is_known ? offered.get<std::string>() : std::string(kHandshakeVersions.front());
  return {{"protocolVersion", handshake_version_},
          {"capabilities", capabilities()},
          {"serverInfo", server_info()},
          {"instructions", identity_.instructions}};
}

json McpServer::discovered() const {
  return {{"supportedVersions", {kNewestVersion}},
          {"capabilities", capabilities()},
          {"instructions", identity_.instructions},
          {"ttlMs", kFreshMilliseconds},
          {"cacheScope", "public"}};
}

void McpServer::list_tools(const RpcMessage& request, Era era) {
  if (request.params.contains("cursor"))
    return refuse(request.id, {RpcCode::invalid_params, "there is one page of tools, and no cursor was given out"});
  json listed = json::array();
  for (const Tool& tool : tools_) listed.push_back(tool.definition);
  json result = {{"tools", std::move(listed)}};
  if (era == Era::stateless) result.update({{"ttlMs", kFreshMilliseconds}, {"cacheScope", "public"}});
  answer(request.id, std::move(result), era);
}

void McpServer::call_tool(const RpcMessage& request, Era era) {
  const json name = request.params.value("name", json());
  if (!name.is_string()) return refuse(request.id, {RpcCode::invalid_params, "tools/call needs the name of a tool"});
  const auto tool = std::ranges::find(tools_, name.get<std::string>(), &Tool::name);
  if (tool == tools_.end())
    return refuse(request.id, {RpcCode::invalid_params, "Unknown tool: " + shown_text(name.get<std::string>())});
  json arguments = request.params.value("arguments", json::object());
  if (arguments.is_null()) arguments = json::object();
  if (!arguments.is_object())
    return refuse(request.id, {RpcCode::invalid_params, "the arguments of a tool are a JSON object"});

  const auto call = std::make_shared<Call>();
  call->id = request.id;
  call->era = era;
  call->tool = &*tool;
  call->progress_token = progress_token_of(request.params);
  call->call.arguments = std::move(arguments);
  call->call.stop = call->stop.get_token();

  {
    const std::lock_guard lock(mutex_);
    if (in_flight_.try_emplace(call->id, call).second) {
      lanes_.at(tool->lane).waiting.push_back(call);
      changed_.notify_all();
      return;
    }
  }
  refuse(request.id, {RpcCode::invalid_request, "a request with this id is still being answered"});
}

// Nothing of ours changes while the server runs, so a subscription is acknowledged without any kind of notification,
// and stays open until the client cancels it or the server ends.
void McpServer::listen(const RpcMessage& request) {
  if (!request.params.value("notifications", json()).is_object())
    return refuse(request.id, {RpcCode::invalid_params, "subscriptions/listen needs notifications, a JSON object"});
  {
    const std::lock_guard lock(mutex_);
    listening_.insert(request.id);
  }
  send(notification_line("notifications/subscriptions/acknowledged",
                         {{"_meta", {{kSubscriptionKey, request.id}}}, {"notifications", json::object()}}));
}

void McpServer::handle_cancelled(const RpcMessage& notification) {
  const json id = notification.params.value("requestId", json());
  const std::lock_guard lock(mutex_);
  listening_.erase(id);
  const auto found = in_flight_.find(id);
  if (found == in_flight_.end()) return;  // answered already, or never asked
  found->second->cancelled = true;
  found->second->stop.request_stop();
}

void McpServer::work(Lane& lane) {
  for (;;) {
    std::shared_ptr<Call> call;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return finishing_ || !lane.waiting.empty(); });
      if (lane.waiting.empty()) return;
      call = lane.waiting.front();
      lane.waiting.pop_front();
    }
    run(call);
  }
}

void McpServer::run(const std::shared_ptr<Call>& call) {
  const bool is_wanted = [&] {
    const std::lock_guard lock(mutex_);
    return !call->cancelled;
  }();
  if (is_wanted && !call->progress_token.is_null())
    call->call.report = [this, &call](const ToolProgress& progress) { report(*call, progress); };
  json result = is_wanted ? result_of(*call) : json();

  bool is_awaited = false;
  {
    const std::lock_guard lock(mutex_);
    in_flight_.erase(call->id);
    is_awaited = !call->cancelled;
  }
  if (is_awaited) answer(call->id, std::move(result), call->era);
  else log_(fmt::format("{} was cancelled by the client", call->tool->name()));
}

json McpServer::result_of(const Call& call) const {
  ToolOutcome outcome;
  try {
    if (call.call.stop.stop_requested())
      throw Error(ErrorKind::stopped, "the server ended before this call began", "send it to the next server");
    require_fits_schema(call.call.arguments, *call.tool);
    outcome = call.tool->call(call.call);
  } catch (const Error& e) { outcome = failure(e); } catch (const std::exception& e) {
    outcome = failure({ErrorKind::broken, e.what(), "this is a bug: report it with the call that led here"});
  }

  json result = {{"content", {{{"type", "text"}, {"text", outcome.text}}}}, {"isError", outcome.failed}};
  if (!outcome.failed) result["structuredContent"] = std::move(outcome.structured);
  return result;
}

void McpServer::report(const Call& call, const ToolProgress& progress) {
  if (call.call.stop.stop_requested()) return;
  json params = {
      {"progressToken", call.progress_token}, {"progress", progress.progress}, {"message", progress.message}};
  if (progress.total) params["total"] = *progress.total;
  send(notification_line("notifications/progress", std::move(params)));
}

void McpServer::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    for (const auto& [id, call] : in_flight_) {
      if (call->tool->lane == ToolLane::asking) call->stop.request_stop();
    }
    changed_.notify_all();
  }
  for (auto& [kind, lane] : lanes_) {
    if (lane.thread.joinable()) lane.thread.join();
  }

  for (const json& id : listening_) answer(id, {{"_meta", {{kSubscriptionKey, id}}}}, Era::stateless);
  listening_.clear();
}

json McpServer::server_info() const {
  return {{"name", identity_.name}, {"title", identity_.title}, {"version", identity_.version}};
}

json McpServer::capabilities() const { return {{"tools", json::object()}}; }

void McpServer::answer(const json& id, json result, Era era) {
  if (era == Era::stateless) {
    result["resultType"] = "complete";
    result["_meta"][kServerInfoKey] = server_info();
  }
  send(result_line(id, std::move(result)));
}

void McpServer::refuse(const json& id, const RpcFault& fault) { send(fault_line(id, fault)); }

void McpServer::send(const std::string& line) {
  const std::lock_guard lock(writing_);
  if (!is_read_) return;
  is_read_ = write_(line);
  if (!is_read_) log_("the client reads no longer; what is measured is stored all the same");
}

}  // namespace heretix::mcp
