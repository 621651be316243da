#include "models/http/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/url.hpp"
#include "base/version.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMostHeaderBytes = 256U << 10;
constexpr long kBufferBytes = 16L << 10;

double seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

// Sets what is the same for every request of this handle.
Transfer::Transfer(const EngineOptions& options) : options_(options), handle_(curl_easy_init()) {
  if (!handle_) throw Error(ErrorKind::broken, "libcurl could not create a handle");

  CURL* h = handle_.get();
  static const std::string agent = "heretix/" + std::string(kVersion);

  curl_easy_setopt(h, CURLOPT_PRIVATE, static_cast<void*>(this));
  // Signals are unsafe in a program with threads.
  curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
  // No redirect is followed: a request is sent once, to the host that it names.
  curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);

  curl_easy_setopt(h, CURLOPT_USERAGENT, agent.c_str());
  curl_easy_setopt(h, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(h, CURLOPT_ERRORBUFFER, static_cast<char*>(error_));
  curl_easy_setopt(h, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);

  // No SEEKFUNCTION: where a kept connection dies, libcurl would rewind and send the same request again by itself.
  curl_easy_setopt(h, CURLOPT_READFUNCTION, &Transfer::give_body);
  curl_easy_setopt(h, CURLOPT_READDATA, static_cast<void*>(this));
  curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_easy_setopt(h, CURLOPT_WRITEDATA, static_cast<void*>(this));
  curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(h, CURLOPT_HEADERDATA, static_cast<void*>(this));

  // A proxy's answer to CONNECT is not part of the reply, and its bytes must not end the wait for the first byte.
  curl_easy_setopt(h, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

  if (!options.ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, options.ca_file.c_str());
}

void Transfer::begin(std::uint64_t ticket, HttpRequest request, curl_slist* headers) {
  request_ = std::move(request);
  response_ = {};
  response_.ticket = ticket;
  given_ = header_bytes_ = 0;
  is_too_large_ = false;
  error_[0] = '\0';
  started_ = last_byte_ = std::chrono::steady_clock::now();

  CURL* h = handle_.get();
  curl_easy_setopt(h, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(h, CURLOPT_ACCEPT_ENCODING, request_.take_bytes ? nullptr : "gzip, deflate");

  // Whether requests can share a connection is known only after the TLS handshake. Without TLS they cannot, and must
  // not wait for each other.
  const auto url = parse_url(request_.url);
  curl_easy_setopt(h, CURLOPT_PIPEWAIT, url && url->is_encrypted() ? 1L : 0L);

  if (request_.is_get) {
    curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(h, CURLOPT_POST, 1L);
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
}

std::size_t Transfer::give_body(char* into, std::size_t size, std::size_t count, void* self) {
  Transfer& t = *static_cast<Transfer*>(self);
  const std::size_t given = std::min(size * count, t.request_.body.size() - t.given_);
  std::copy_n(t.request_.body.data() + t.given_, given, into);
  t.given_ += given;
  return given;
}

std::size_t Transfer::take_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  Transfer& t = *static_cast<Transfer*>(self);
  t.last_byte_ = std::chrono::steady_clock::now();

  const int status = static_cast<int>(t.info<long>(CURLINFO_RESPONSE_CODE));
  if (t.request_.take_bytes && (status == 200 || status == 206))
    return t.request_.take_bytes(status, t.response_.headers, {bytes, size * count}) ? size * count : 0;

  if (t.response_.body.size() + size * count > t.options_.most_bytes) {
    t.is_too_large_ = true;
    return 0;  // ends the transfer
  }
  t.response_.body.append(bytes, size * count);
  return size * count;
}

std::size_t Transfer::take_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  Transfer& t = *static_cast<Transfer*>(self);
  t.last_byte_ = std::chrono::steady_clock::now();
  t.header_bytes_ += size * count;
  if (t.header_bytes_ > kMostHeaderBytes) {
    t.is_too_large_ = true;
    return 0;
  }
  const std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) t.response_.headers.clear();  // an interim response, or a proxy's, came before
  t.response_.headers.add_line(line);
  return size * count;
}

template <class T>
T Transfer::info(CURLINFO what) const {
  T value{};
  curl_easy_getinfo(handle_.get(), what, &value);
  return value;
}

std::string Transfer::overdue(std::chrono::steady_clock::time_point now) const {
  const Deadlines& d = options_.deadlines;
  const auto over = [&](std::chrono::steady_clock::time_point from, std::chrono::milliseconds limit, const char* what) {
    return now - from > limit ? fmt::format("{} within {:g} s", what, seconds(limit)) : std::string();
  };
  if (info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) == 0) {  // libcurl reports no connect time for a kept connection
    if (info<curl_off_t>(CURLINFO_CONNECT_TIME_T) == 0) return over(started_, d.connect, "no connection");
    return over(started_, std::min(d.connect + d.tls, d.total), "no encrypted connection");
  }
  if (header_bytes_ == 0) return over(started_, d.first_byte, "no reply");
  std::string late = over(last_byte_, d.idle, "nothing further arrived");
  return late.empty() ? over(started_, d.total, "no complete reply") : late;
}

Event Transfer::event_of(CURLcode code) const {
  switch (code) {
    case CURLE_OK: return Event::replied;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return Event::untrusted_certificate;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return Event::malformed_address;
    default: return Event::no_reply;
  }
}

std::string Transfer::trouble_of(CURLcode code) const {
  if (code == CURLE_OK) return {};
  if (is_too_large_) {
    return fmt::format("the reply is larger than {} bytes",
                       header_bytes_ > kMostHeaderBytes ? kMostHeaderBytes : options_.most_bytes);
  }
  if (code == CURLE_SEND_FAIL_REWIND) return "a reused connection broke before the reply";
  return error_[0] != '\0' ? error_ : curl_easy_strerror(code);
}

// libcurl counts the bytes of CONNECT among those of the request. Nothing else is written before the request itself
// begins, so whatever was written by then went to a proxy.
bool Transfer::has_begun() const { return info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) > 0; }

bool Transfer::lacks_tunnel() const {
  const long answer = info<long>(CURLINFO_HTTP_CONNECTCODE);
  return !has_begun() && info<long>(CURLINFO_REQUEST_SIZE) > 0 && (answer < 200 || answer > 299);
}

std::string Transfer::tunnel_trouble(const std::string& trouble) const {
  const long answer = info<long>(CURLINFO_HTTP_CONNECTCODE);
  const std::string to = "the proxy did not open a tunnel, so the provider received nothing";
  return answer == 0 ? fmt::format("{}: {}", to, trouble) : fmt::format("{}: it answered CONNECT with {}", to, answer);
}

HttpResponse Transfer::finish(CURLcode code, const std::string& trouble) {
  const auto took = std::chrono::steady_clock::now() - started_;
  response_.event = trouble.empty() ? event_of(code) : Event::no_reply;
  response_.trouble = trouble.empty() ? trouble_of(code) : trouble;
  if (response_.event == Event::no_reply && lacks_tunnel()) {
    response_.event = Event::no_tunnel;
    response_.trouble = tunnel_trouble(response_.trouble);
  }
  response_.status = static_cast<int>(info<long>(CURLINFO_RESPONSE_CODE));
  response_.was_http2 = info<long>(CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0;
  const bool rewound = code == CURLE_SEND_FAIL_REWIND;  // it had been sent, however libcurl counts
  const long long head = has_begun() ? info<long>(CURLINFO_REQUEST_SIZE) : 0;
  response_.bytes_sent = head + static_cast<long long>(given_) + (rewound ? 1 : 0);
  response_.bytes_received = static_cast<long long>(header_bytes_) + static_cast<long long>(response_.body.size());
  response_.milliseconds = std::chrono::duration<double, std::milli>(took).count();
  request_ = {};
  return std::move(response_);
}

}  // namespace heretix
