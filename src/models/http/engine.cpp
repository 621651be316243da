#include "models/http/engine.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "base/file.hpp"
#include "models/http/transfer.hpp"

namespace heretix {
namespace {

constexpr std::chrono::milliseconds kLongestPoll{200};  // then the caller looks at its own signals
constexpr std::chrono::milliseconds kSweepEvery{50};

constexpr int kEventsAtOnce = 64;

Descriptor made(int number) {
  if (number < 0) throw Error(ErrorKind::broken, "the system provided no descriptor to wait on");
  return Descriptor(number);
}

struct MultiDeleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

HeaderList list_of(const std::vector<std::string>& headers) {
  HeaderList list;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  };
  for (const std::string& line : headers) add(line);
  add("Expect:");  // no waiting for "100 Continue"
  return list;
}

void initialise_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
      throw Error(ErrorKind::broken, "libcurl could not be initialised");
  });
}

void require(CURLMcode code) {
  if (code != CURLM_OK) throw Error(ErrorKind::broken, std::string("libcurl: ") + curl_multi_strerror(code));
}

}  // namespace

Deadlines Deadlines::within(std::chrono::milliseconds total) {
  Deadlines d;
  for (auto* each : {&d.connect, &d.tls, &d.first_byte, &d.idle}) *each = std::min(*each, total);
  d.total = total;
  return d;
}

struct HttpEngine::State {
  explicit State(EngineOptions given) : options(std::move(given)) {
    initialise_libcurl();
    multi.reset(curl_multi_init());
    if (!multi) throw Error(ErrorKind::broken, "libcurl could not create a handle");
    const auto most = static_cast<long>(options.most_connections);
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, most);
    curl_multi_setopt(multi.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
    curl_multi_setopt(multi.get(), CURLMOPT_SOCKETFUNCTION, &State::watch_socket);
    curl_multi_setopt(multi.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi.get(), CURLMOPT_TIMERFUNCTION, &State::set_timer);
    curl_multi_setopt(multi.get(), CURLMOPT_TIMERDATA, this);

    epoll_event event{.events = EPOLLIN, .data = {.fd = wakes.number()}};
    ::epoll_ctl(events.number(), EPOLL_CTL_ADD, wakes.number(), &event);
  }
  ~State() {
    for (const auto& t : active) curl_multi_remove_handle(multi.get(), t->handle());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::unique_ptr<Transfer> free_transfer() {
    if (idle.empty()) return std::make_unique<Transfer>(options);
    auto transfer = std::move(idle.back());
    idle.pop_back();
    return transfer;
  }
  HttpResponse end(Transfer* transfer, CURLcode code, const std::string& trouble) {
    curl_multi_remove_handle(multi.get(), transfer->handle());
    HttpResponse response = transfer->finish(code, trouble);
    const auto place = std::ranges::find(active, transfer, &std::unique_ptr<Transfer>::get);
    idle.push_back(std::move(*place));
    active.erase(place);
    return response;
  }

  // libcurl says which sockets it waits for and when it wants to be called without any of them being ready. So the work
  // of an answer does not grow with the number of connections that are open beside it.
  // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): libcurl says what it passes
  static int watch_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* is_watched) {
    auto& state = *static_cast<State*>(self);
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(state.events.number(), EPOLL_CTL_DEL, socket, nullptr);
      return 0;
    }
    epoll_event event{};
    event.data.fd = socket;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
    const auto watch = [&](int how) { return ::epoll_ctl(state.events.number(), how, socket, &event) == 0; };
    curl_multi_assign(state.multi.get(), socket, self);  // any pointer: it is watched from now on

    // The likelier way first. The other one where the number was another socket's before, or was closed meanwhile.
    const bool is_new = is_watched == nullptr;
    return watch(is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD) || watch(is_new ? EPOLL_CTL_MOD : EPOLL_CTL_ADD) ? 0 : -1;
  }
  static int set_timer(CURLM* /*multi*/, long milliseconds, void* self) {
    auto& state = *static_cast<State*>(self);
    if (milliseconds < 0) state.timer_at.reset();
    else state.timer_at = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }

  void run_timer() {
    if (!timer_at || *timer_at > std::chrono::steady_clock::now()) return;
    timer_at.reset();
    int running = 0;
    require(curl_multi_socket_action(multi.get(), CURL_SOCKET_TIMEOUT, 0, &running));
  }
  void wait_until(std::chrono::steady_clock::time_point until) {
    if (timer_at) until = std::min(until, *timer_at);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    std::array<epoll_event, kEventsAtOnce> ready;
    const int count = ::epoll_wait(events.number(), ready.data(), kEventsAtOnce,
                                   static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    for (int i = 0; i < count; ++i) run_socket(ready[static_cast<std::size_t>(i)]);
  }
  void run_socket(const epoll_event& event) {
    if (event.data.fd == wakes.number()) {
      std::uint64_t times = 0;
      (void)!::read(wakes.number(), &times, sizeof times);
      is_woken = true;
      return;
    }
    int what = 0;
    if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
    int running = 0;
    require(curl_multi_socket_action(multi.get(), event.data.fd, what, &running));
  }

  void collect(std::vector<HttpResponse>& responses) {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      responses.push_back(end(static_cast<Transfer*>(transfer), message->data.result, {}));
    }
  }
  void sweep(std::vector<HttpResponse>& responses) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_sweep) return;
    next_sweep = now + kSweepEvery;
    std::vector<std::pair<Transfer*, std::string>> late;
    for (const auto& t : active) {
      if (std::string why = t->overdue(now); !why.empty()) late.emplace_back(t.get(), std::move(why));
    }
    for (const auto& [transfer, why] : late) responses.push_back(end(transfer, CURLE_OPERATION_TIMEDOUT, why));
  }

  EngineOptions options;
  Descriptor events = made(::epoll_create1(EPOLL_CLOEXEC));
  Descriptor wakes = made(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  std::optional<std::chrono::steady_clock::time_point> timer_at{};
  std::unique_ptr<CURLM, MultiDeleter> multi;
  std::vector<std::unique_ptr<Transfer>> active, idle;
  std::vector<std::pair<std::vector<std::string>, HeaderList>> header_lists;
  std::chrono::steady_clock::time_point next_sweep{};
  bool is_woken = false;  // by `wakes`

  curl_slist* headers(const std::vector<std::string>& wanted) {
    for (const auto& [known, list] : header_lists) {
      if (known == wanted) return list.get();
    }
    header_lists.emplace_back(wanted, list_of(wanted));
    return header_lists.back().second.get();
  }
};

HttpEngine::HttpEngine(EngineOptions options) : state_(std::make_unique<State>(std::move(options))) {}
HttpEngine::~HttpEngine() = default;

std::size_t HttpEngine::in_flight() const { return state_->active.size(); }

void HttpEngine::start(std::uint64_t ticket, HttpRequest request) {
  auto transfer = state_->free_transfer();
  curl_slist* headers = state_->headers(request.headers);
  transfer->begin(ticket, std::move(request), headers);
  require(curl_multi_add_handle(state_->multi.get(), transfer->handle()));
  state_->active.push_back(std::move(transfer));
}

void HttpEngine::wake() {
  const std::uint64_t once = 1;
  (void)!::write(state_->wakes.number(), &once, sizeof once);
}

std::vector<HttpResponse> HttpEngine::step(std::chrono::steady_clock::time_point wake) {
  std::vector<HttpResponse> responses;
  wake = std::min(wake, std::chrono::steady_clock::now() + kLongestPoll);
  // The sockets are looked at once even where `wake` is past.
  for (bool has_looked = false;; has_looked = true) {
    state_->run_timer();
    state_->collect(responses);
    state_->sweep(responses);
    if (std::exchange(state_->is_woken, false) || !responses.empty()) return responses;
    if (has_looked && std::chrono::steady_clock::now() >= wake) return responses;
    state_->wait_until(wake);
  }
}

}  // namespace heretix
