// Reads a JSON body strictly: it must be an object with the named fields and no others, each of its type and within its
// limits.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/http/message.hpp"

namespace heretix::http {

// A request that is refused before anything is done, with the status of the response and the reason.
class Refusal : public std::exception {
 public:
  Refusal(int status, std::string reason) : status_(status), reason_(std::move(reason)) {}
  int status() const { return status_; }
  const char* what() const noexcept override { return reason_.c_str(); }

 private:
  int status_;
  std::string reason_;
};

class Body {
 public:
  // Throws Refusal: 415 for a type other than application/json, 400 for a body that is not a JSON object, 422 for a
  // field that is not among `fields`.
  Body(const ServiceRequest& request, std::initializer_list<std::string_view> fields);
  ~Body();
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // Each throws Refusal(422) naming the field and its limits.
  std::string text(std::string_view field, std::size_t most_bytes) const;  // must be there
  std::optional<std::string> optional_text(std::string_view field, std::size_t most_bytes) const;
  std::optional<std::int64_t> optional_integer(std::string_view field, std::int64_t least, std::int64_t most) const;
  std::optional<int> optional_count(std::string_view field, int most) const;  // from 1 on
  bool truth(std::string_view field) const;                                   // absent: false
  std::vector<std::string> texts(std::string_view field, std::size_t most, std::size_t most_bytes) const;  // a list

 private:
  const nlohmann::json* find(std::string_view field) const;
  std::unique_ptr<nlohmann::json> object_;
};

// No cache may keep the response, because it is for the one who asked.
ServiceResponse json_response(int status, const nlohmann::json& body);

}  // namespace heretix::http
