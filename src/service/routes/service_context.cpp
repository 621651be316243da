#include "service/routes/service_context.hpp"

#include <fmt/format.h>

#include "base/url.hpp"

namespace heretix::http {

ServiceContext::ServiceContext(ApiParts parts, ApiSettings settings)
    : parts_(std::move(parts)), settings_(std::move(settings)), asked_banks_(parts_.banks) {
  const auto origin = parse_origin(settings_.origin);
  is_secure_ = origin && origin->is_encrypted();
}

std::string ServiceContext::cookie_name(const char* base) const {
  return is_secure_ ? fmt::format("__Host-{}", base) : base;
}

std::string ServiceContext::set_cookie(const char* base, const std::string& value, std::int64_t max_age) const {
  return fmt::format("{}={}; Max-Age={}; {}HttpOnly; SameSite=Lax; Path=/", cookie_name(base), value, max_age,
                     is_secure_ ? "Secure; " : "");
}

std::string as_rfc3339(std::string time) {
  if (time.size() < 11) return time;
  time[10] = 'T';
  return time + "Z";
}

}  // namespace heretix::http
