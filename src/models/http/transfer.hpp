// One request of the engine in flight, with the libcurl handle that it uses. The object is used again for the next
// request.
#pragma once

#include <memory>

#include "base/curl_library.hpp"
#include "models/http/engine.hpp"

namespace heretix {

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

class Transfer {
 public:
  explicit Transfer(const EngineOptions& options);  // borrowed
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_.get(); }
  void begin(std::uint64_t ticket, HttpRequest request, curl_slist* headers);

  // The deadline that has passed, in words; empty if none has.
  std::string overdue(std::chrono::steady_clock::time_point now) const;

  // After libcurl is done with it, or after it was given up with `trouble`.
  HttpResponse finish(CURLcode code, const std::string& trouble = {});

 private:
  static std::size_t give_body(char* into, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* self);
  template <class T>
  T info(CURLINFO what) const;
  Event event_of(CURLcode code) const;
  bool has_begun() const;     // with the request itself
  bool lacks_tunnel() const;  // the proxy was asked for one and opened none
  std::string tunnel_trouble(const std::string& trouble) const;
  std::string trouble_of(CURLcode code) const;

  const EngineOptions& options_;
  std::unique_ptr<CURL, EasyDeleter> handle_;
  HttpRequest request_;
  HttpResponse response_;
  std::size_t given_ = 0;  // bytes of the body that libcurl took
  std::size_t header_bytes_ = 0;
  bool is_too_large_ = false;
  std::chrono::steady_clock::time_point started_, last_byte_;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace heretix
