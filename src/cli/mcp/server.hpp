// A server of the Model Context Protocol on standard input and output (docs/mcp.md): revision 2026-07-28, in which
// every request stands for itself, and the earlier ones that begin with `initialize`.
//
// One thread reads. Calls that read a store and calls that ask a model have a thread each, so that a list does not wait
// for a measurement, and two measurements never ask at the same time. Whatever comes in, the server goes on until its
// input ends.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "cli/mcp/json_rpc.hpp"
#include "cli/mcp/tool.hpp"

namespace heretix::mcp {

inline constexpr std::string_view kNewestVersion = "2026-07-28";
// Those that begin with `initialize`, the newest first.
inline constexpr std::array<std::string_view, 4> kHandshakeVersions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                                       "2024-11-05"};
inline constexpr std::size_t kMostLineBytes = 1 << 20;

// Who the server is, and what it tells a model about itself.
struct ServerIdentity {
  std::string name, title, version, instructions;
};

class McpServer {
 public:
  // `write` gets whole lines, by one thread at a time, and returns false once nobody reads them. `log` is for people.
  McpServer(ServerIdentity identity, std::vector<Tool> tools, std::function<bool(const std::string&)> write,
            std::function<void(const std::string&)> log);
  ~McpServer();
  McpServer(const McpServer&) = delete;
  McpServer& operator=(const McpServer&) = delete;

  // Handles one line, without its end. Does not block, and never throws for what stands in it.
  void handle_line(std::string_view line);
  void handle_long_line();  // one of more than kMostLineBytes, which was not read

  // The input has ended: calls that ask a model are stopped, and everything that was begun is answered. Blocks until
  // then.
  void finish();

 private:
  // How a request is to be answered: by itself, or within what `initialize` agreed on.
  enum class Era { stateless, handshake };

  struct Call {
    nlohmann::json id;
    Era era;
    const Tool* tool;
    ToolCall call;
    nlohmann::json progress_token;  // null: none
    std::stop_source stop;
    bool cancelled = false;  // by the client, who wants no answer any more
  };
  struct Lane {
    std::deque<std::shared_ptr<Call>> waiting;
    std::thread thread;
  };

  void handle_value(const nlohmann::json& value);
  void handle_request(const RpcMessage& request);
  void handle_cancelled(const RpcMessage& notification);
  std::variant<Era, RpcFault> era_of(const RpcMessage& request) const;
  nlohmann::json initialized(const RpcMessage& request);
  nlohmann::json discovered() const;
  void list_tools(const RpcMessage& request, Era era);
  void call_tool(const RpcMessage& request, Era era);
  void listen(const RpcMessage& request);

  void work(Lane& lane);
  void run(const std::shared_ptr<Call>& call);
  void report(const Call& call, const ToolProgress& progress);
  nlohmann::json result_of(const Call& call) const;

  nlohmann::json server_info() const;
  nlohmann::json capabilities() const;
  void answer(const nlohmann::json& id, nlohmann::json result, Era era);
  void refuse(const nlohmann::json& id, const RpcFault& fault);
  void send(const std::string& line);

  ServerIdentity identity_;
  std::vector<Tool> tools_;
  std::function<bool(const std::string&)> write_;
  std::function<void(const std::string&)> log_;
  std::mutex writing_;
  bool is_read_ = true;  // guarded by writing_: false once nobody reads what is written

  std::string handshake_version_;  // of the reading thread; empty until `initialize`

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool finishing_ = false;
  std::map<nlohmann::json, std::shared_ptr<Call>> in_flight_;
  std::set<nlohmann::json> listening_;  // ids of subscriptions/listen
  std::map<ToolLane, Lane> lanes_;      // last, because its threads use what stands above
};

}  // namespace heretix::mcp
