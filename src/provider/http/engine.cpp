#include "provider/http/engine.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "provider/http/transfer.hpp"

namespace heretix {
namespace {

constexpr std::chrono::milliseconds kLongestPoll{200};  // then the caller looks at its own signals
constexpr std::chrono::milliseconds kSweepEvery{50};

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
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) throw Error(ErrorKind::broken, "libcurl does not start");
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
    if (!multi) throw Error(ErrorKind::broken, "libcurl gives no handle");
    const auto most = static_cast<long>(options.most_connections);
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, most);
    curl_multi_setopt(multi.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
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
  std::unique_ptr<CURLM, MultiDeleter> multi;
  std::vector<std::unique_ptr<Transfer>> active, idle;
  std::vector<std::pair<std::vector<std::string>, HeaderList>> header_lists;
  std::chrono::steady_clock::time_point next_sweep{};
  std::atomic<bool> woken{false};

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
  state_->woken = true;
  curl_multi_wakeup(state_->multi.get());
}

std::vector<HttpResponse> HttpEngine::step(std::chrono::steady_clock::time_point wake) {
  std::vector<HttpResponse> responses;
  wake = std::min(wake, std::chrono::steady_clock::now() + kLongestPoll);
  for (;;) {
    int running = 0;
    require(curl_multi_perform(state_->multi.get(), &running));
    state_->collect(responses);
    state_->sweep(responses);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake - std::chrono::steady_clock::now());
    if (state_->woken.exchange(false) || !responses.empty() || left.count() <= 0) return responses;
    require(curl_multi_poll(state_->multi.get(), nullptr, 0U, static_cast<int>(left.count()), nullptr));
  }
}

}  // namespace heretix
