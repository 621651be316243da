// Many HTTP requests at once on one thread: libcurl's multi interface, connections kept alive, HTTP/2 where the server
// has it. It sends each request once: no redirect is followed and nothing is sent again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/http/decision.hpp"
#include "models/http/headers.hpp"

namespace heretix {

struct Deadlines {
  std::chrono::milliseconds connect{5'000};  // name, proxy and TCP
  std::chrono::milliseconds tls{5'000};
  std::chrono::milliseconds first_byte{120'000};
  std::chrono::milliseconds idle{60'000};
  std::chrono::milliseconds total{300'000};

  // The default deadlines with none of them above `total`, which becomes the deadline of the whole.
  static Deadlines within(std::chrono::milliseconds total);
};

struct EngineOptions {
  Deadlines deadlines{};
  std::size_t most_connections = 100;
  std::size_t most_bytes = 1U << 20;  // of a response, after decompression
  std::string ca_file{};              // trusted certificates instead of the system's
};

// Takes the bytes of a reply as they arrive. Returns false to end the transfer. It must not throw.
using TakeBytes = std::function<bool(int status, const Headers& headers, std::string_view bytes)>;

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"; the same for many requests, they are kept once
  std::string body{};                // empty with `is_get`
  bool is_get = false;
  // For a file that does not fit in memory: the body of a 200 or 206 goes here, of any size, and not into the response.
  // It is not compressed on the way, because a range of it would then be a range of the compressed bytes.
  TakeBytes take_bytes{};
};

struct HttpResponse {
  std::uint64_t ticket = 0;
  Event event = Event::replied;
  std::string trouble;  // what went wrong, for people; empty with a whole response
  int status = 0;
  Headers headers;
  std::string body;
  long long bytes_sent = 0;
  long long bytes_received = 0;
  double milliseconds = 0;
  bool was_http2 = false;
};

class HttpEngine {
 public:
  // libcurl reads HTTPS_PROXY, https_proxy, http_proxy and NO_PROXY itself. Throws Error{broken} without libcurl.
  explicit HttpEngine(EngineOptions options);
  ~HttpEngine();  // drops what is in flight
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  void start(std::uint64_t ticket, HttpRequest request);
  std::size_t in_flight() const;

  // Moves bytes until a response is there, or until `wake`. Responses that came together come back together.
  std::vector<HttpResponse> step(std::chrono::steady_clock::time_point wake);

  void wake();  // ends a step that waits, or the next one; from any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heretix
