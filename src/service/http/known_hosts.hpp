// Which Host names a server answers for. A page that uses DNS rebinding makes a browser send its own name to our
// address: a name that we do not know is refused, so such a page can read nothing.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace heretix::http {

class KnownHosts {
 public:
  // Further names, beside those that every server has: a list separated by commas, each a host without a port. Throws
  // Error{bad_input} naming `source` and the entry that is no host.
  static KnownHosts parse(std::string_view list, const std::string& source);

  void add(const std::string& host) { names_.insert(host); }  // as Url::host has it

  struct Asked {
    std::string_view host_header;
    std::string_view local_address;
  };

  // Does a Host header name this server? True for localhost and every loopback address, for the address that the
  // connection came in at (which no page can make a browser send under another name), and for the names that were
  // added. The port does not matter: it may be forwarded. Thread-safe.
  bool hold(const Asked& asked) const;

 private:
  std::set<std::string, std::less<>> names_;
};

}  // namespace heretix::http
