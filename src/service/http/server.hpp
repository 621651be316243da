// The HTTP/1.1 server: sockets, deadlines and limits around an Application.
//
// One thread reads and writes every connection (Boost.Asio, Beast's parser for bodies); the application runs on threads
// of its own. Limits: head.hpp's sizes; a head within 5 s, a body within 10 s, 30 s idle, 10 s for writing; what one
// client or user may have under way (client_load.hpp). Where every connection is taken, those that wait for a request
// make room, the longest waiting one first. Only Host names that are known are answered (known_hosts.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "service/http/address.hpp"
#include "service/http/client_load.hpp"
#include "service/http/event_hub.hpp"
#include "service/http/known_hosts.hpp"
#include "service/http/message.hpp"

namespace heretix::http {

class Application {
 public:
  virtual ~Application() = default;
  // Whose request it is, as far as that is known without a look into the database; empty: nobody knows. For limits
  // alone. Must not block.
  virtual std::string user_of(const ServiceRequest& /*request*/) { return {}; }
  // Answered at once by the thread that reads: must not block. Empty: handle() is called.
  virtual std::optional<ServiceResponse> answer_at_once(const ServiceRequest& request) = 0;
  virtual ServiceResponse handle(const ServiceRequest& request) = 0;  // by several threads at once; throws nothing
  virtual ServiceResponse refused(const ServiceRequest& request, int status, const std::string& reason) = 0;
  virtual void tell(const ServiceRequest& request, const ServiceResponse& response, std::chrono::microseconds took) = 0;
};

// A port that is taken and listened at. Who connects waits until a server is made of it.
class Listener {
 public:
  // Port 0: any. Throws Error{bad_input, unavailable} for an address that is none or taken.
  Listener(const std::string& host, unsigned short port);
  Listener(Listener&&) noexcept;
  ~Listener();

  unsigned short port() const;

 private:
  friend class Server;
  struct Bound;
  std::unique_ptr<Bound> bound_;
};

struct ServerOptions {
  LoadLimits limits{};
  KnownHosts hosts{};
  std::vector<AddressRange> trusted_proxies{};
  int handler_threads = 4;
  std::chrono::seconds head_deadline{5}, body_deadline{10}, idle_deadline{30}, write_deadline{10}, heartbeat{15};
  std::vector<std::pair<std::string, std::string>> headers{};  // on every response
};

class Server {
 public:
  // Answers from now on. `hub` may be null where no response is a stream.
  Server(ServerOptions options, Listener listener, Application& application, EventHub* hub);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::size_t connections() const;
  std::size_t streams() const;

  void stop_listening();
  // Idle connections and streams end now, others after the response that is under way, all within `patience`.
  void drain(std::chrono::seconds patience);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace heretix::http
