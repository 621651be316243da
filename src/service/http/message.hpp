// A request and its response as routes see them: no sockets, no framing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"

namespace heretix::http {

struct ServiceRequest {
  std::string id;  // appears in the log and in the bodies of errors
  std::string method;
  std::string path;  // as it was sent, without the query; only parameters are percent-decoded
  std::string query;
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case; repeated ones joined by ", "
  std::string body;
  std::string address;  // the client's, as text

  std::string header(std::string_view name) const;  // empty if there is none
  // A parameter of the query, decoded; empty if the query does not hold it.
  std::optional<std::string> parameter(std::string_view name) const;
  std::optional<std::string> cookie(std::string_view name) const;
};

// A stream of events in place of a body (event_hub.hpp).
struct EventStream {
  std::string name;
  std::int64_t after = 0;           // the last event that the reader has
  bool resync = false;              // it is not known which events the reader has
  std::optional<UserId> user_id{};  // the reader's; empty: not signed in
};

struct ServiceResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  // In place of the server's own of that name; an empty one leaves it out.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::optional<EventStream> stream{};
  std::string_view route{};  // the pattern that it answers, for log and metrics; empty: none
};

// Decodes "%2f" and the like; empty if the text is malformed or the result is not UTF-8.
std::optional<std::string> decoded_text(std::string_view text);

// The fields of an application/x-www-form-urlencoded text; empty where one is malformed.
std::optional<std::map<std::string, std::string, std::less<>>> form_fields(std::string_view text);

std::string_view reason_phrase(int status);

}  // namespace heretix::http
