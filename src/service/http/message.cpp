#include "service/http/message.hpp"

#include "base/text.hpp"
#include "base/url.hpp"

namespace heretix::http {
std::optional<std::string> decoded_text(std::string_view text) {
  auto decoded = percent_decoded(text);
  if (!decoded || first_invalid_utf8(*decoded)) return std::nullopt;
  return decoded;
}

std::optional<std::map<std::string, std::string, std::less<>>> form_fields(std::string_view text) {
  std::map<std::string, std::string, std::less<>> fields;
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    // In a form '+' is a space.
    const auto name = decoded_text(replaced(pair.substr(0, equals), {"+", " "}));
    const auto value = decoded_text(replaced(pair.substr(std::min(equals + 1, pair.size())), {"+", " "}));
    if (!name || !value) return std::nullopt;
    fields.try_emplace(*name, *value);
  }
  return fields;
}

std::string ServiceRequest::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string{} : found->second;
}

std::optional<std::string> ServiceRequest::parameter(std::string_view name) const {
  const auto fields = form_fields(query);
  if (!fields) return std::nullopt;
  const auto found = fields->find(name);
  return found == fields->end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> ServiceRequest::cookie(std::string_view name) const {
  const std::string text = header("cookie");
  for (const std::string_view part : split(text, ';')) {
    const std::string_view pair = trimmed(part);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return std::string(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

}  // namespace heretix::http
