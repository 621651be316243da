// One blocking call by libcurl: what mail, webhooks and payment share.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "base/curl_library.hpp"

namespace heretix {

class CurlCall {
 public:
  // Sends `body`, which must outlive the call. Throws Error{unavailable} if libcurl provides no handle.
  CurlCall(const std::string& url, const char* protocols, const std::string& body, std::chrono::milliseconds timeout,
           const std::string& ca_file);
  ~CurlCall();
  CurlCall(const CurlCall&) = delete;
  CurlCall& operator=(const CurlCall&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_, option, value);
  }
  void add_line(const std::string& line);  // a header, or a recipient
  CURLcode perform(CURLoption lines);      // the option that takes the lines
  // Keeps the reply in `into`, which must outlive the call. A reply of more than `most` bytes makes the call fail.
  void keep_reply(std::string& into, std::size_t most);
  long response_code() const;
  std::string told(CURLcode code) const;  // libcurl's words

 private:
  static std::size_t give(char* into, std::size_t size, std::size_t count, void* self);
  static std::size_t take(char* data, std::size_t size, std::size_t count, void* self);

  CURL* handle_;
  curl_slist* lines_ = nullptr;
  const std::string& body_;
  std::size_t given_ = 0;
  std::string* reply_ = nullptr;
  std::size_t most_ = 0;
  std::array<char, CURL_ERROR_SIZE> words_{};
};

}  // namespace heretix
