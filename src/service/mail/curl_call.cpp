#include "service/mail/curl_call.hpp"

#include <algorithm>

namespace heretix {

CurlCall::CurlCall(const std::string& url, const char* protocols, const std::string& body,
                   std::chrono::milliseconds timeout, const std::string& ca_file)
    : handle_(curl_easy_init()), body_(body) {
  if (handle_ == nullptr)
    throw Error(ErrorKind::unavailable, "libcurl could not create a handle", "free memory, then try again");
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, protocols);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min<std::int64_t>(timeout.count(), 10'000)));
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_READFUNCTION, &CurlCall::give);
  set(CURLOPT_READDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &CurlCall::take);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
}

CurlCall::~CurlCall() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(lines_);
}

void CurlCall::add_line(const std::string& line) { lines_ = curl_slist_append(lines_, line.c_str()); }

CURLcode CurlCall::perform(CURLoption lines) {
  set(lines, lines_);
  return curl_easy_perform(handle_);
}

void CurlCall::keep_reply(std::string& into, std::size_t most) {
  reply_ = &into;
  most_ = most;
}

long CurlCall::response_code() const {
  long code = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &code);
  return code;
}

std::string CurlCall::told(CURLcode code) const {
  return words_[0] != '\0' ? std::string(words_.data()) : std::string(curl_easy_strerror(code));
}

std::size_t CurlCall::give(char* into, std::size_t size, std::size_t count, void* self) {
  auto* call = static_cast<CurlCall*>(self);
  const std::size_t length = std::min(size * count, call->body_.size() - call->given_);
  call->body_.copy(into, length, call->given_);
  call->given_ += length;
  return length;
}

std::size_t CurlCall::take(char* data, std::size_t size, std::size_t count, void* self) {
  auto* call = static_cast<CurlCall*>(self);
  if (call->reply_ == nullptr) return size * count;
  if (call->reply_->size() + size * count > call->most_) return 0;  // ends the transfer
  call->reply_->append(data, size * count);
  return size * count;
}

}  // namespace heretix
