// The HTTP/1.1 server: sockets, deadlines and limits around an Application.
//
// One thread reads and writes every connection (Boost.Asio, with Beast's parser for bodies); the application runs on
// threads of its own. The limits are the sizes in head.hpp; 5 s for a head, 10 s for a body, 30 s of idling and 10 s
// for writing; and what one client or user may have under way (client_load.hpp). When every connection is taken, those
// that wait for a request make room, the one that has waited longest first. Only requests for a known Host are answered
// (known_hosts.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "service/http/address.hpp"
#include "service/http/client_load.hpp"
#include "service/http/event_hub.hpp"
#include "service/http/head.hpp"
#include "service/http/known_hosts.hpp"
#include "service/http/message.hpp"

namespace heretix::http {

class Application {
 public:
  virtual ~Application() = default;
  // The user who sent the request, as far as that is known without asking the database; empty: not known. It is used
  // for limits only. Must not block.
  virtual std::optional<UserId> user_of(const ServiceRequest& /*request*/) { return std::nullopt; }
  // How long the body of the request may be. Must not block.
  virtual std::size_t most_body(const ServiceRequest& /*request*/) { return kMostBody; }
  // Answers on the thread that reads every connection, so it must not block. Empty: handle() is called.
  virtual std::optional<ServiceResponse> answer_at_once(const ServiceRequest& request) = 0;
  // Called by several threads at once; must not throw.
  virtual ServiceResponse handle(const ServiceRequest& request) = 0;
  virtual ServiceResponse refused(const ServiceRequest& request, int status, const std::string& reason) = 0;
  virtual void tell(const ServiceRequest& request, const ServiceResponse& response, std::chrono::microseconds took) = 0;
};

// A port on which the process is listening. Clients that connect wait until a Server is made of it.
class Listener {
 public:
  // Port 0 takes any free port. Throws Error{bad_input} for a text that is not an address, and Error{unavailable} if
  // the address is in use.
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
  std::vector<std::pair<std::string, std::string>> headers{};  // sent with every response
};

class Server {
 public:
  // Starts to answer. `hub` may be null if no response is a stream.
  Server(ServerOptions options, Listener listener, Application& application, EventHub* hub);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::size_t connections() const;
  std::size_t streams() const;

  void stop_listening();
  // Idle connections and streams end now, the others after the response that is under way. What is left after
  // `patience` is closed.
  void drain(std::chrono::seconds patience);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace heretix::http
