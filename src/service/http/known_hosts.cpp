#include "service/http/known_hosts.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/url.hpp"

namespace heretix::http {

KnownHosts KnownHosts::parse(std::string_view list, const std::string& source) {
  KnownHosts hosts;
  for (const std::string_view entry : split(list, ',')) {
    const std::string_view name = trimmed(entry);
    if (name.empty()) continue;

    const std::string written = url_host(name);
    const auto host = host_of_authority(written);
    const bool has_port = written.starts_with('[') && !written.ends_with(']');
    if (!host || has_port)
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} names '{}', which is not a host", source, on_one_line(shortened(name, 60))),
                  "give names or addresses without a port, separated by commas: heretix.internal, 10.0.0.5");
    hosts.add(*host);
  }
  return hosts;
}

bool KnownHosts::hold(const Asked& asked) const {
  const auto host = host_of_authority(asked.host_header);
  if (!host) return false;
  return is_loopback_host(*host) || *host == url_host(asked.local_address) || names_.contains(*host);
}

}  // namespace heretix::http
