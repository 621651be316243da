#include "service/http/server.hpp"

#include <fmt/format.h>
#include <algorithm>

#include <array>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <list>
#include <thread>

#include "base/error.hpp"
#include "base/random.hpp"
#include "service/http/head.hpp"

namespace heretix::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using Steady = std::chrono::steady_clock;
using boost::system::error_code;

constexpr auto kSweep = std::chrono::milliseconds(100);
constexpr std::size_t kReadAtOnce = 16'384;
constexpr std::size_t kMostLargeBodies = 8;              // at a time
constexpr int kTimesForLargeBody = 3;                    // as long as another body it may take to arrive
constexpr auto kMostGoodbye = std::chrono::seconds(35);  // a handler may wait for the database
constexpr auto kNothrow = asio::as_tuple(use_awaitable);

std::string beyond(std::size_t most) { return fmt::format("the body has more than {} bytes", most); }

std::string text_of(const ServiceResponse& response, const std::vector<std::pair<std::string, std::string>>& headers,
                    bool keeps_alive, bool without_body) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  const auto add = [&](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  const auto is_replaced = [&](const std::string& name) {
    return std::ranges::any_of(response.headers, [&](const auto& own) { return own.first == name; });
  };
  for (const auto& [name, value] : headers) {
    if (!is_replaced(name)) add(name, value);
  }
  for (const auto& [name, value] : response.headers) {
    if (!value.empty()) add(name, value);
  }
  if (response.stream) {
    add("Content-Type", "text/event-stream");
    add("Cache-Control", "no-store");
    add("Connection", "close");
    return text + "\r\n";
  }
  const bool has_no_body = response.status == 204 || response.status == 304;
  if (!has_no_body) add("Content-Type", response.content_type);
  if (!has_no_body) add("Content-Length", std::to_string(response.body.size()));
  if (!keeps_alive) add("Connection", "close");
  text += "\r\n";
  if (!has_no_body && !without_body) text += response.body;
  return text;
}

std::string event_text(const StreamEvent& event) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.number, event.kind, event.payload);
}

}  // namespace

// Counts a large body for as long as the object lives; null: there is none.
class LargeBody {
 public:
  explicit LargeBody(std::size_t* count) : count_(count) {
    if (count_ != nullptr) ++*count_;
  }
  ~LargeBody() {
    if (count_ != nullptr) --*count_;
  }
  LargeBody(const LargeBody&) = delete;
  LargeBody& operator=(const LargeBody&) = delete;

 private:
  std::size_t* count_;
};

struct Listener::Bound {
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
};

struct Server::State : std::enable_shared_from_this<Server::State> {
  State(ServerOptions given, Listener port, Application& app, EventHub* events)
      : options(std::move(given)),
        application(app),
        hub(events),
        bound(std::move(port.bound_)),
        handlers(static_cast<std::size_t>(options.handler_threads)) {}

  class Connection;
  awaitable<void> accept();
  awaitable<void> sweep();
  void add(const std::shared_ptr<Connection>& connection);
  bool make_room();
  void turn_away(tcp::socket& socket, const std::string& peer, int status, const std::string& reason) const;

  ServerOptions options;
  Application& application;
  EventHub* hub;
  std::size_t large_bodies = 0;  // used by the io thread alone
  ClientLoad load;               // used by the io thread alone; it outlives the coroutines that are counted in it
  std::unique_ptr<Listener::Bound> bound;
  asio::io_context& io = bound->io;
  tcp::acceptor& acceptor = bound->acceptor;
  asio::thread_pool handlers;
  std::thread thread;
  // Used by the io thread alone. Every connection is in one of the two lists: those that wait for a request, the one
  // that has waited longest first, and those whose request is under way.
  std::list<std::shared_ptr<Connection>> waiting, serving;
  bool is_draining = false;
  std::atomic<std::size_t> connections{0}, streams{0};
};

// One client's connection, from its first byte to its last.
class Server::State::Connection final : public EventReader, public std::enable_shared_from_this<Connection> {
 public:
  using Place = std::list<std::shared_ptr<Connection>>::iterator;

  // `counted` is its place among the connections of its client, if those are limited.
  Connection(State& state, tcp::socket socket, std::string peer, bool is_proxy, ClientLoad::Place counted)
      : state_(state),
        socket_(std::move(socket)),
        peer_(std::move(peer)),
        peer_client_("client " + client_of(peer_)),
        is_proxy_(is_proxy),
        counted_(std::move(counted)),
        wake_(state.io) {
    error_code ignored;
    const auto local = socket_.local_endpoint(ignored).address();
    const bool is_mapped = local.is_v6() && local.to_v6().is_v4_mapped();
    local_address_ =
        is_mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, local.to_v6()).to_string() : local.to_string();
  }

  awaitable<void> run() {
    try {
      while (co_await serve_one()) {}
      wait_for_request();
      co_await say_goodbye();
    } catch (const boost::system::system_error&) {
      is_late_ = true;  // the client is gone or too slow, so nothing is sent any more
    }
    close();
  }

  // Called by the hub's thread.
  void deliver(const std::vector<StreamEvent>& events) override {
    asio::post(state_.io, [self = shared_from_this(), events] {
      for (const StreamEvent& event : events) self->pending_.push_back(event);
      self->wake_.cancel();
    });
  }

  // Called by the sweep a few times a second, so that one timer serves the deadlines of all connections.
  void look_at_deadline(Steady::time_point now) {
    if (!deadline_ || now < *deadline_) return;
    is_late_ = true;
    deadline_.reset();
    cancel();
  }

  // Its place in one of the server's two lists.
  void is_put_at(Place place) { place_ = place; }
  void leave() {
    (is_waiting_ ? state_.waiting : state_.serving).erase(place_);
    counted_.leave();
  }

  // Closes an idle connection, because a new client needs its place.
  void give_way() {
    serve_request();  // so that it is not chosen again
    close();
  }

  void drain() {
    is_draining_ = true;
    if (is_idle_ || is_streaming_) cancel();
    wake_.cancel();
  }
  void close() {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  struct TooSlow : boost::system::system_error {
    TooSlow() : boost::system::system_error(asio::error::timed_out) {}
  };

  // The client and the user whose load a request is, and how much they may have under way.
  struct Asker {
    std::string client;
    std::optional<std::string> user;  // empty: nobody is signed in
    std::size_t most_requests, most_streams;
  };

  void cancel() {
    error_code ignored;
    socket_.cancel(ignored);
  }

  void wait_for_request() {
    state_.waiting.splice(state_.waiting.end(), is_waiting_ ? state_.waiting : state_.serving, place_);
    is_waiting_ = true;
  }
  void serve_request() {
    state_.serving.splice(state_.serving.end(), is_waiting_ ? state_.waiting : state_.serving, place_);
    is_waiting_ = false;
  }

  // Reads more bytes into the buffer before `deadline`. Returns false if the client has closed the connection.
  awaitable<bool> read_more(Steady::time_point deadline) {
    deadline_ = deadline;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kReadAtOnce);
    const auto [failed, read] =
        co_await socket_.async_read_some(asio::buffer(buffer_.data() + had, kReadAtOnce), kNothrow);
    buffer_.resize(had + read);
    deadline_.reset();
    if (is_late_) throw TooSlow();
    if (failed == asio::error::eof || failed == asio::error::connection_reset) co_return false;
    if (failed) throw boost::system::system_error(failed);
    co_return true;
  }

  // Returns the size of the head with its empty line; 0 if the client has closed the connection or a refusal was sent.
  awaitable<std::size_t> read_head_bytes() {
    wait_for_request();
    is_idle_ = true;
    if (buffer_.empty()) {
      if (is_draining_ || !co_await read_more(Steady::now() + state_.options.idle_deadline)) co_return 0;
    }
    is_idle_ = false;
    while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2);  // RFC 9112, 2.2
    const auto deadline = Steady::now() + state_.options.head_deadline;
    for (;;) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != std::string::npos && end + 4 <= kMostHeadBytes) co_return end + 4;
      if (buffer_.size() > kMostHeadBytes) {
        co_await answer_refusal(status_of_overlong(buffer_), "the head is too large");
        co_return 0;
      }
      if (Steady::now() >= deadline || !co_await read_more_or_time_out(deadline)) co_return 0;
    }
  }

  awaitable<bool> read_more_or_time_out(Steady::time_point deadline) {
    try {
      co_return co_await read_more(deadline);
    } catch (const TooSlow&) {
      is_late_ = false;  // the connection is still open, so the client can be told
    }
    co_await answer_refusal(408, "the request did not arrive in time");
    co_return false;
  }

  struct BodySizes {
    std::size_t head;  // of the head before it
    std::size_t most;  // that the body may have
  };

  // Beast's parser handles the framing of the body. Returns false if a refusal was sent or the client is gone.
  awaitable<bool> read_body(const Head& head, const BodySizes& sizes, ServiceRequest& request) {
    const auto [head_bytes, most] = sizes;
    namespace http = beast::http;

    // A client that expects 100-continue waits with its body for the interim response. One whose body has begun to
    // arrive needs none (RFC 9110, 10.1.1).
    if (head.headers.contains("expect") && (head.is_chunked || head.content_length.value_or(0) > 0)) {
      if (head.headers.at("expect") != "100-continue") {
        co_await answer_refusal(417, "the only expectation that is supported is 100-continue");
        co_return false;
      }
      if (buffer_.size() == head_bytes)
        co_await asio::async_write(socket_, asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")),
                                   use_awaitable);
    }

    // The parser reads the head once more, so it must admit every head that read_head() accepts.
    http::request_parser<http::string_body> parser;
    parser.eager(true);
    parser.header_limit(static_cast<std::uint32_t>(kMostHeadBytes));
    parser.body_limit(most);

    const bool is_large = head.content_length.value_or(0) > kMostBody;
    const auto deadline = Steady::now() + state_.options.body_deadline * (is_large ? kTimesForLargeBody : 1);
    for (;;) {
      error_code failed;
      const std::size_t taken = parser.put(asio::buffer(buffer_), failed);
      buffer_.erase(0, taken);
      if (failed == http::error::need_more) failed = {};
      if (failed) {
        const bool is_beyond = failed == http::error::body_limit || failed == http::error::buffer_overflow;
        // A variable of its own: GCC 12 destroys both sides of a condition within a co_await.
        const std::string why = is_beyond ? beyond(most) : std::string("the body's framing is malformed");
        co_await answer_refusal(is_beyond ? 413 : 400, why);
        co_return false;
      }

      if (parser.is_done()) break;
      // Bytes that the parser has not taken yet stay in the buffer, which must not grow without a limit either.
      if (buffer_.size() > most) {
        co_await answer_refusal(413, beyond(most));
        co_return false;
      }
      if (!co_await read_more_or_time_out(deadline)) co_return false;
    }

    request.body = std::move(parser.get().body());
    co_return true;
  }

  // What a stream of events counts as, as long as it lasts.
  struct StreamPlaces {
    ClientLoad::Place of_client, of_user;
  };

  // Refuses the stream where there are too many. The application has looked up the user by now, so it is counted for
  // them even if they were unknown before.
  void count_stream(const ServiceRequest& request, Asker& asker, StreamPlaces& places, ServiceResponse& response) {
    const LoadLimits& limits = state_.options.limits;
    if (response.stream->user_id) asker.user = user_key(*response.stream->user_id);
    places.of_client = state_.load.enter(asker.client, Load::streams, asker.most_streams);
    if (asker.user) places.of_user = state_.load.enter(*asker.user, Load::streams, limits.streams_of_user);

    if (!places.of_client.is_taken())
      response = state_.application.refused(request, 429, too_much("event streams", asker.most_streams, "client"));
    else if (asker.user && !places.of_user.is_taken())
      response = state_.application.refused(request, 429, too_much("event streams", limits.streams_of_user, "account"));
  }

  // Serves one request. Returns false if the connection ends.
  awaitable<bool> serve_one() {
    const std::size_t head_bytes = co_await read_head_bytes();
    if (head_bytes == 0) co_return false;
    const auto started = Steady::now();
    const ReadHead read = read_head(std::string_view(buffer_).substr(0, head_bytes), kMostLargeBody);
    if (read.status != 0) {
      co_await answer_refusal(read.status, read.reason);
      co_return false;
    }
    if (!names_this_server(read.head)) {
      co_await answer_refusal(
          421,
          "this server does not answer for that Host; HERETIX_ORIGIN and HERETIX_HOSTS name the hosts it answers for");
      co_return false;
    }

    ServiceRequest request = request_of(read.head);
    asked_by_ = request.address;
    const bool has_body = read.head.is_chunked || read.head.content_length.value_or(0) > 0;
    const std::size_t body_bytes = read.head.content_length.value_or(0);
    const std::size_t most_body = body_bytes > kMostBody ? state_.application.most_body(request) : kMostBody;
    if (body_bytes > most_body) {
      co_await answer_refusal(413, beyond(most_body));
      co_return false;
    }

    // An answer at once takes neither a thread nor the database, so it does not count as load. Its connection still
    // makes room for others, also while a slow client reads the answer.
    if (!has_body) {
      if (const auto quick = state_.application.answer_at_once(request)) {
        buffer_.erase(0, head_bytes);
        co_return co_await answer_now(request, *quick, read.head.keeps_alive, started);
      }
    }

    Asker asker = asker_of(request);
    ClientLoad& client_load = state_.load;
    const LoadLimits& limits = state_.options.limits;
    auto of_client = client_load.enter(asker.client, Load::requests, asker.most_requests);
    if (!of_client.is_taken()) {
      co_await answer_refusal(429, too_much("requests", asker.most_requests, "client"));
      co_return false;
    }
    ClientLoad::Place of_user;
    if (asker.user) {
      of_user = client_load.enter(*asker.user, Load::requests, limits.requests_of_user);
      if (!of_user.is_taken()) {
        co_await answer_refusal(429, too_much("requests", limits.requests_of_user, "account"));
        co_return false;
      }
    }

    // Large bodies are held in memory, so that only a few may be under way at a time.
    const LargeBody large(body_bytes > kMostBody ? &state_.large_bodies : nullptr);
    if (body_bytes > kMostBody && state_.large_bodies > kMostLargeBodies) {
      co_await answer_refusal(503, "too many large requests are under way");
      co_return false;
    }

    serve_request();
    if (has_body) {
      const BodySizes sizes{.head = head_bytes, .most = most_body};
      if (!co_await read_body(read.head, sizes, request)) co_return false;
    } else {
      buffer_.erase(0, head_bytes);
    }
    ServiceResponse response = co_await answer_of(request);

    StreamPlaces stream_places;
    if (response.stream && request.method != "HEAD") count_stream(request, asker, stream_places, response);

    const bool keeps_alive = read.head.keeps_alive && !is_draining_ && !response.stream;
    co_await write(text_of(response, state_.options.headers, keeps_alive, request.method == "HEAD"));
    state_.application.tell(request, response,
                            std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - started));
    of_client.leave();
    of_user.leave();
    if (response.stream && request.method != "HEAD") co_await stream_events(*response.stream);
    co_return keeps_alive;
  }

  // Returns whether the connection stays open.
  awaitable<bool> answer_now(const ServiceRequest& request, const ServiceResponse& response, bool wants_to_stay,
                             Steady::time_point started) {
    const bool keeps_alive = wants_to_stay && !is_draining_;
    co_await write(text_of(response, state_.options.headers, keeps_alive, request.method == "HEAD"));
    state_.application.tell(request, response,
                            std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - started));
    co_return keeps_alive;
  }

  static std::string user_key(const UserId& user_id) { return "user " + user_id.text(); }

  static std::string too_much(const char* what, std::size_t most, const char* who) {
    return fmt::format("this {} already has {} {} under way; wait until one of them has ended", who, most, what);
  }

  // A client of HTTP/1.0 may leave out the Host, as health checks of proxies do. Browsers always send it, so no page
  // can make one leave it out.
  bool names_this_server(const Head& head) {
    const auto host = head.headers.find("host");
    if (host == head.headers.end() || host->second == known_host_) return true;
    if (!state_.options.hosts.hold({.host_header = host->second, .local_address = local_address_})) return false;
    known_host_ = host->second;  // the next request on this connection usually has the same
    return true;
  }

  // A trusted proxy that names no client may be asking for all of them, so it may take half of all connections.
  Asker asker_of(const ServiceRequest& request) const {
    const LoadLimits& limits = state_.options.limits;
    const std::optional<UserId> user_id = state_.application.user_of(request);
    Asker asker{.client = peer_client_,
                .user = user_id ? std::optional(user_key(*user_id)) : std::nullopt,
                .most_requests = limits.requests_of_client,
                .most_streams = limits.streams_of_client};
    if (!is_proxy_) return asker;

    asker.client = "client " + client_of(request.address);
    if (are_in(state_.options.trusted_proxies, request.address))
      asker.most_requests = asker.most_streams = limits.connections / 2;
    return asker;
  }

  ServiceRequest request_of(const Head& head) const {
    ServiceRequest request{.id = random_hex(8),
                           .method = head.method,
                           .path = {},
                           .query = {},
                           .headers = head.headers,
                           .body = {},
                           .address = {}};
    const std::size_t mark = std::min(head.target.find('?'), head.target.size());
    request.path = head.target.substr(0, mark);
    request.query = head.target.substr(std::min(mark + 1, head.target.size()));
    request.address =
        is_proxy_ ? client_address(peer_, state_.options.trusted_proxies, request.header("x-forwarded-for")) : peer_;
    return request;
  }

  awaitable<ServiceResponse> answer_of(const ServiceRequest& request) {
    if (auto quick = state_.application.answer_at_once(request)) co_return std::move(*quick);
    co_return co_await asio::co_spawn(
        state_.handlers, [&]() -> awaitable<ServiceResponse> { co_return state_.application.handle(request); },
        use_awaitable);
  }

  awaitable<void> answer_refusal(int status, const std::string& reason) {
    const ServiceRequest request{
        .id = random_hex(8), .method = "-", .path = "-", .query = {}, .headers = {}, .body = {}, .address = asked_by_};
    const ServiceResponse response = state_.application.refused(request, status, reason);
    co_await write(text_of(response, state_.options.headers, false, false));
    state_.application.tell(request, response, std::chrono::microseconds(0));
  }

  awaitable<void> write(const std::string& text) {
    deadline_ = Steady::now() + state_.options.write_deadline;
    co_await asio::async_write(socket_, asio::buffer(text), use_awaitable);
    deadline_.reset();
  }

  // Reads what the client still sends for a moment. Otherwise the connection could be reset, and the response lost with
  // it.
  awaitable<void> say_goodbye() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    const auto until = Steady::now() + std::chrono::seconds(1);
    std::size_t most = 1 << 20;
    while (Steady::now() < until && most > 0) {
      buffer_.clear();
      if (!co_await read_more(until)) break;
      most -= std::min(most, buffer_.size());
    }
  }

  // Notices at once that a reader has gone, not only at the next write, because its place is needed.
  void watch_for_close() {
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code failed) {
      if (failed) return;                // we closed it ourselves
      std::array<char, 1024> ignored{};  // whatever a reader sends is ignored
      error_code ended;
      self->socket_.non_blocking(true, ended);
      self->socket_.read_some(asio::buffer(ignored), ended);
      if (ended && ended != asio::error::would_block) {
        self->is_gone_ = true;
        self->wake_.cancel();
        return;
      }
      self->watch_for_close();
    });
  }

  awaitable<void> stream_events(const EventStream& wanted) {
    is_streaming_ = true;
    watch_for_close();

    // A connection that carries a stream serves no further request, so the memory of its buffer can go.
    buffer_ = {};
    buffer_.shrink_to_fit();

    // The count goes down again however this coroutine ends, also by an exception.
    ++state_.streams;
    const auto leave = [this] { --state_.streams; };
    const std::shared_ptr<void> left(nullptr, [&](void*) { leave(); });

    if (wanted.resync) co_await write("event: resync\ndata: {}\n\n");
    state_.hub->watch(wanted.name, wanted.after, weak_from_this());

    for (bool is_over = false; !is_over && !is_draining_ && !is_gone_;) {
      std::string text;
      for (const StreamEvent& event : std::exchange(pending_, {})) {
        text += event_text(event);
        is_over = is_over || event.is_last;
      }

      if (!text.empty()) co_await write(text);
      if (is_over || is_draining_) break;

      // Whatever arrived during the write found nobody waiting for the timer, so it is handled before the next wait.
      if (!pending_.empty() || is_gone_) continue;

      wake_.expires_after(state_.options.heartbeat);
      const auto [woken] = co_await wake_.async_wait(kNothrow);
      if (!woken) co_await write(": heartbeat\n\n");
    }
  }

  State& state_;
  tcp::socket socket_;
  std::string peer_;
  std::string peer_client_;  // the name it is counted under, unless it is a proxy
  bool is_proxy_;            // it is trusted to name the client for which it asks
  std::string asked_by_ = peer_;
  std::string local_address_;
  std::optional<std::string> known_host_;  // of the previous request
  ClientLoad::Place counted_;
  Place place_{};
  bool is_waiting_ = true;
  std::string buffer_;
  std::deque<StreamEvent> pending_;
  asio::steady_timer wake_;
  std::optional<Steady::time_point> deadline_;  // of what is under way
  bool is_late_ = false;
  bool is_idle_ = false, is_streaming_ = false, is_draining_ = false, is_gone_ = false;
};

void Server::State::add(const std::shared_ptr<Connection>& connection) {
  waiting.push_back(connection);
  connection->is_put_at(std::prev(waiting.end()));
  ++connections;
  asio::co_spawn(io, connection->run(), [state = shared_from_this(), connection](const std::exception_ptr&) {
    connection->leave();
    --state->connections;
  });
}

// Closes the connection that has waited longest. Returns false if every connection has a request under way.
bool Server::State::make_room() {
  if (waiting.empty()) return false;
  waiting.front()->give_way();
  return true;
}

// The refusal is sent only if that needs no waiting, because the server must not wait for a client that has too much
// already.
void Server::State::turn_away(tcp::socket& socket, const std::string& peer, int status,
                              const std::string& reason) const {
  const ServiceRequest request{
      .id = random_hex(8), .method = "-", .path = "-", .query = {}, .headers = {}, .body = {}, .address = peer};
  const std::string text = text_of(application.refused(request, status, reason), options.headers, false, false);
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  socket.close(ignored);
}

awaitable<void> Server::State::sweep() {
  asio::steady_timer timer(io);
  for (;;) {
    timer.expires_after(kSweep);
    co_await timer.async_wait(kNothrow);
    const auto now = Steady::now();
    for (const auto& connection : waiting) connection->look_at_deadline(now);
    for (const auto& connection : serving) connection->look_at_deadline(now);
  }
}

awaitable<void> Server::State::accept() {
  for (;;) {
    tcp::socket socket(io);
    const auto [failed] = co_await acceptor.async_accept(socket, kNothrow);
    if (failed == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (failed) {  // no file descriptor is free; wait until some are closed
      asio::steady_timer pause(io, std::chrono::milliseconds(50));
      co_await pause.async_wait(kNothrow);
      continue;
    }
    error_code ignored;
    const auto remote = socket.remote_endpoint(ignored);
    if (ignored) continue;
    socket.set_option(tcp::no_delay(true), ignored);
    const std::string peer = remote.address().to_string();
    const bool is_proxy = are_in(options.trusted_proxies, peer);

    // The connections of a proxy are shared by its clients, who are told apart by their requests instead.
    ClientLoad::Place counted;
    if (!is_proxy) {
      const std::size_t most = options.limits.connections_of_client;
      counted = load.enter("client " + client_of(peer), Load::connections, most);
      if (!counted.is_taken()) {
        turn_away(socket, peer, 429, fmt::format("this client already has {} connections", most));
        continue;
      }
    }
    if (connections >= options.limits.connections && !make_room()) {
      turn_away(socket, peer, 503, "every connection is in use; try again shortly");
      continue;
    }
    add(std::make_shared<Connection>(*this, std::move(socket), peer, is_proxy, std::move(counted)));
  }
}

Listener::Listener(const std::string& host, unsigned short port) : bound_(std::make_unique<Bound>()) {
  error_code failed;
  const auto address = asio::ip::make_address(host, failed);
  if (failed)
    throw Error(ErrorKind::bad_input, fmt::format("'{}' is not an address to listen on", host),
                "e.g. 127.0.0.1, 0.0.0.0 or ::1");

  tcp::acceptor& acceptor = bound_->acceptor;
  const tcp::endpoint endpoint(address, port);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(1024, failed);
  if (failed)
    throw Error(ErrorKind::unavailable, fmt::format("cannot listen on {}:{}: {}", host, port, failed.message()),
                "stop the program that listens there, or choose another port with --port");
}

Listener::Listener(Listener&&) noexcept = default;
Listener::~Listener() = default;
unsigned short Listener::port() const { return bound_->acceptor.local_endpoint().port(); }

Server::Server(ServerOptions options, Listener listener, Application& application, EventHub* hub)
    : state_(std::make_shared<State>(std::move(options), std::move(listener), application, hub)) {
  asio::co_spawn(state_->io, state_->accept(), asio::detached);
  asio::co_spawn(state_->io, state_->sweep(), asio::detached);
  state_->thread = std::thread([state = state_] { state->io.run(); });
}

Server::~Server() {
  drain(std::chrono::seconds(0));
  const auto until = Steady::now() + kMostGoodbye;  // closed sockets end their coroutines
  while (state_->connections > 0 && Steady::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  asio::post(state_->io, [state = state_] { state->io.stop(); });
  state_->thread.join();
  state_->handlers.join();
  state_->waiting.clear();
  state_->serving.clear();
}

std::size_t Server::connections() const { return state_->connections; }
std::size_t Server::streams() const { return state_->streams; }

void Server::stop_listening() {
  asio::post(state_->io, [state = state_] {
    error_code ignored;
    state->acceptor.close(ignored);
  });
}

void Server::drain(std::chrono::seconds patience) {
  stop_listening();
  asio::post(state_->io, [state = state_] {
    state->is_draining = true;
    for (const auto& connection : state->waiting) connection->drain();
    for (const auto& connection : state->serving) connection->drain();
  });
  const auto until = Steady::now() + patience;
  while (state_->connections > 0 && Steady::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  asio::post(state_->io, [state = state_] {
    for (const auto& connection : state->waiting) connection->close();
    for (const auto& connection : state->serving) connection->close();
  });
}

}  // namespace heretix::http
