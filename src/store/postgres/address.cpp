#include "store/postgres/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "store/postgres/libpq.hpp"

namespace heretix {
namespace {

constexpr std::size_t kLongest = 8192;
constexpr const char* kExample = "e.g. postgresql+psycopg://user:password@localhost:5433/heretix";
constexpr std::array kSchemes = {"postgresql", "postgres"};
constexpr std::array kDrivers = {"psycopg", "psycopg_async", "psycopg2", "psycopg2cffi", "asyncpg", "pg8000"};

using Parameters = std::map<std::string, std::string>;
using AddressQuery = std::map<std::string, std::vector<std::string>>;

class Refusal {
 public:
  explicit Refusal(std::string source) : source_(std::move(source)) {}
  [[noreturn]] void operator()(const std::string& what, const std::string& hint = kExample) const {
    throw Error(ErrorKind::bad_input, fmt::format("{}: {}", source_, what), hint);
  }

 private:
  std::string source_;
};

// The parts are owned, because they outlive the text.
std::vector<std::string> parts_of(std::string_view text, char at) {
  const std::vector<std::string_view> parts = split(text, at);
  return {parts.begin(), parts.end()};
}

// The same as Python's urllib.parse.unquote.
std::string unquoted(std::string_view text) { return percent_decoded_where_possible(text); }

// The same as Python's parse_qsl: '+' is a space, and a field without a value is dropped.
AddressQuery parse_query(const std::string& text) {
  AddressQuery query;
  for (const std::string& field : parts_of(text, '&')) {
    const std::size_t equals = field.find('=');
    if (equals == std::string::npos || equals + 1 == field.size()) continue;
    query[unquoted(replaced(field.substr(0, equals), {"+", " "}))].push_back(
        unquoted(replaced(field.substr(equals + 1), {"+", " "})));
  }
  return query;
}

std::string port_from(const std::string& text, const Refusal& refuse) {
  int port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc{} || end != text.data() + text.size() || port < 0 || port > 65535)
    refuse("its port must be a whole number up to 65535", "write a ':' in a password as %3A and an '@' as %40");
  return std::to_string(port);
}

// The parts of a URL as SQLAlchemy's own regular expression finds them, which is equally greedy and backtracks in the
// same way.
struct Parts {
  std::string scheme, user, password, host, port, database, query;
};

Parts split_url(const std::string& url, const Refusal& refuse) {
  static const std::regex pattern(
      R"(([A-Za-z0-9_+]+)://(?:([^:/]*)(?::([^@]*))?@)?(?:(?:\[([^/?]+)\]|([^/:?]+))?(?::([^/?]*))?)?(?:/([^?]*))?(?:\?(.*))?)");
  std::smatch found;
  if (!std::regex_search(url, found, pattern, std::regex_constants::match_continuous)) refuse("not an address");
  if (found[6].matched && found[6].length() == 0) refuse("its host is followed by a ':' but by no port");
  // A password may have an '@' and a '/' in it: its middle would then be taken for the host, and shown.
  if (found[3].length() > 0 && found[7].str().find('@') != std::string::npos)
    refuse("its database's name contains an '@'",
           "write a password's @ / : ? # as %40 %2F %3A %3F %23, a database's @ as %40");
  const auto part = [&](std::size_t i) { return found[i].matched ? found[i].str() : std::string{}; };
  if (found[0].length() != static_cast<std::ptrdiff_t>(url.size()))
    refuse("the part after the host cannot be read", "write a password's @ / : ? # as %40 %2F %3A %3F %23");
  return {
      part(1), unquoted(part(2)), unquoted(part(3)), found[5].matched ? part(5) : part(4), part(6), unquoted(part(7)),
      part(8)};
}

void require_scheme(const std::string& scheme, const Refusal& refuse) {
  const std::size_t plus = scheme.find('+');
  const std::string base = scheme.substr(0, plus);
  if (std::ranges::find(kSchemes, base) == kSchemes.end())
    refuse(fmt::format("an address that begins with '{}://' is not a Postgres address",
                       shortened(on_one_line(scheme), 40)));
  if (plus == std::string::npos) return;
  const std::string driver = scheme.substr(plus + 1);
  if (std::ranges::find(kDrivers, driver) == kDrivers.end())
    refuse(fmt::format("there is no driver '{}'", shortened(on_one_line(driver), 40)),
           fmt::format("write postgresql://, or add a '+' and one of these: {}", fmt::join(kDrivers, ", ")));
}

// Hosts and ports from the query, which win over those of the authority (dialects/postgresql/base.py).
void add_query_hosts(const AddressQuery& query, Parameters& parameters, const Refusal& refuse) {
  const auto host = query.find("host");
  const auto port = query.find("port");
  std::vector<std::string> hosts, ports;
  bool integrated = false;

  // SQLAlchemy accepts several hosts in two forms: one field for each, with its port, or a list of hosts beside a list
  // of ports.
  if (host != query.end() && host->second.size() > 1) {
    integrated = true;
    for (const std::string& token : host->second) {
      const std::vector<std::string> pair = parts_of(token, ':');
      if (pair.size() > 2) refuse("a host among several is HOST or HOST:PORT");
      hosts.push_back(pair[0]);
      ports.push_back(pair.size() == 2 ? pair[1] : "");
    }
  } else if (host != query.end()) {
    hosts = parts_of(host->second[0], ',');
    static const std::regex host_and_port(R"(([a-zA-Z0-9\-.]*):(\d*))");
    std::smatch found;
    if (port == query.end() && hosts.size() == 1 && std::regex_match(hosts[0], found, host_and_port)) {
      integrated = true;
      // `found` points into hosts[0], so the host is replaced last.
      ports = {found[2].str()};
      hosts = {std::string(found[1].str())};
    }
  }

  if (port != query.end()) {
    if (integrated)
      refuse("its hosts have ports of their own, and 'port' names others",
             "write ?host=a,b&port=1,2 or ?host=a:1&host=b:2");
    ports = port->second.size() > 1 ? port->second : parts_of(port->second[0], ',');
  }

  for (std::string& each : ports) each = each.empty() ? "" : port_from(each, refuse);
  const bool several = hosts.size() > 1 || ports.size() > 1;
  if (!ports.empty() && several && hosts.size() != ports.size()) refuse("it must name as many ports as hosts, or none");

  // A port alone belongs to the host of the authority.
  if (hosts.empty()) {
    if (!ports.empty()) parameters["port"] = ports[0];
    return;
  }

  ports.resize(hosts.size());
  parameters["host"] = fmt::format("{}", fmt::join(hosts, ","));
  const std::string joined = fmt::format("{}", fmt::join(ports, ","));
  if (!joined.empty()) parameters["port"] = joined;
}

void add_query(const AddressQuery& query, bool is_asyncpg, Parameters& parameters, const Refusal& refuse) {
  for (const auto& [name, values] : query) {
    if (name == "host" || name == "port") continue;
    if (values.size() > 1) refuse(fmt::format("'{}' is given {} times", on_one_line(name), values.size()));
    parameters[is_asyncpg && name == "ssl" ? "sslmode" : name] = values[0];  // asyncpg's word for it
  }
  add_query_hosts(query, parameters, refuse);
}

Parameters parse_sqlalchemy_url(const std::string& url, const Refusal& refuse) {
  const Parts parts = split_url(url, refuse);
  require_scheme(parts.scheme, refuse);
  Parameters parameters;
  const auto add = [&](const char* keyword, const std::string& value) {
    if (!value.empty()) parameters[keyword] = value;
  };
  add("user", parts.user);
  add("password", parts.password);
  add("host", parts.host);
  if (!parts.port.empty()) add("port", port_from(parts.port, refuse) == "0" ? "" : port_from(parts.port, refuse));
  add("dbname", parts.database);
  add_query(parse_query(parts.query), parts.scheme.ends_with("+asyncpg"), parameters, refuse);
  return parameters;
}

Parameters parse_keywords(const std::string& text, const Refusal& refuse) {
  const std::unique_ptr<PQconninfoOption, LibpqDeleter> options(PQconninfoParse(text.c_str(), nullptr));
  // libpq's own message may repeat a piece of the password.
  if (!options)
    refuse("libpq cannot read it as keyword=value pairs",
           "quote a value with spaces: password='two words'; see the keywords of libpq");
  Parameters parameters;
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
    if (o->val != nullptr) parameters[o->keyword] = o->val;
  }
  return parameters;
}

const std::set<std::string>& known_keywords() {
  static const std::set<std::string> known = [] {
    std::set<std::string> names;
    const std::unique_ptr<PQconninfoOption, LibpqDeleter> defaults(PQconndefaults());
    for (const PQconninfoOption* o = defaults.get(); o != nullptr && o->keyword != nullptr; ++o)
      names.insert(o->keyword);
    return names;
  }();
  return known;
}

void require_known(const Parameters& parameters, const Refusal& refuse) {
  for (const auto& [name, value] : parameters) {
    if (!known_keywords().contains(name))
      refuse(fmt::format("unknown parameter '{}'", shortened(on_one_line(name), 40)),
             "only libpq's own parameters are passed on: sslmode, channel_binding, connect_timeout, options, …");
    if (first_invalid_utf8(value) || value.find('\0') != std::string::npos)
      refuse(fmt::format("the value of '{}' is not text", name), "a %XX in it is not UTF-8");
  }
}

void require_host(const Parameters& parameters, const Refusal& refuse) {
  if (parameters.contains("service")) return;
  const auto host = parameters.find("host");
  const auto address = parameters.find("hostaddr");
  if (host == parameters.end() && address == parameters.end())
    refuse("it names no host, and none is assumed", "name it: localhost, or ?host=/var/run/postgresql for a socket");
  if (host == parameters.end()) return;
  for (const std::string& each : parts_of(host->second, ',')) {
    if (each.empty()) refuse("one of its hosts is empty", "name every host");
    if (each.find_first_of("@%") != std::string::npos && !each.starts_with('/') && each.find(':') == std::string::npos)
      refuse("its host contains an '@' or a '%'",
             "write a password's @ as %40; name a socket folder as ?host=/var/run/postgresql");
  }
}

bool looks_like_keywords(const std::string& text) {
  static const std::regex first(R"(\s*[A-Za-z_]+\s*=[\s\S]*)");
  return std::regex_match(text.substr(0, 100), first);
}

std::string in_conninfo(const std::string& value) {
  return "'" + replaced(replaced(value, {"\\", "\\\\"}), {"'", "\\'"}) + "'";
}
std::string in_shell(const std::string& word) { return "'" + replaced(word, {"'", "'\\''"}) + "'"; }

bool is_secret(const std::string& keyword) { return keyword == "password" || keyword == "sslpassword"; }

bool is_plain(const std::string& value) {
  return !value.empty() && std::ranges::all_of(value, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/' || c == ':' || c == ',';
  });
}

}  // namespace

std::string PostgresAddress::value(const std::string& keyword) const {
  const auto found = parameters.find(keyword);
  return found == parameters.end() ? "" : found->second;
}

std::string PostgresAddress::shown() const {
  std::string text = value("user");
  if (!text.empty()) text += "@";
  const std::string host = value("host").empty() ? value("hostaddr") : value("host");
  text += host.empty() ? "service " + value("service") : host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (!value("port").empty()) text += ":" + value("port");
  if (!value("dbname").empty()) text += "/" + value("dbname");
  return on_one_line(text);
}

std::vector<PostgresAddress> PostgresAddress::hosts_apart() const {
  const std::vector<std::string> hosts = parts_of(value("host"), ','), numbers = parts_of(value("hostaddr"), ','),
                                 ports = parts_of(value("port"), ',');
  std::vector<PostgresAddress> apart;
  for (std::size_t i = 0; i < std::max(hosts.size(), numbers.size()); ++i) {
    PostgresAddress one = *this;
    const auto choose = [&](const char* keyword, const std::vector<std::string>& list) {
      const std::string& chosen = list.size() == 1 ? list[0] : i < list.size() ? list[i] : list.back();
      if (chosen.empty()) one.parameters.erase(keyword);
      else one.parameters[keyword] = chosen;
    };
    choose("host", hosts);
    choose("hostaddr", numbers);
    choose("port", ports);
    apart.push_back(std::move(one));
  }
  return apart;
}

bool PostgresAddress::names_pooler() const { return value("host").find("-pooler.") != std::string::npos; }

PostgresAddress parse_postgres_address(std::string_view address, const std::string& source) {
  const Refusal refuse(source);
  const std::string text(address);
  if (text.empty()) refuse("the address is empty");
  if (text.size() > kLongest)
    refuse(fmt::format("the address has {} bytes; at most {} are allowed", text.size(), kLongest));
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    refuse("the address contains a line break or another control character",
           "remove it; a line break in a password is written %0A");
  if (text.front() == ' ' || text.back() == ' ' || text.front() == '"' || text.front() == '\'')
    refuse("the address begins or ends with a space or a quote", "remove it");
  if (first_invalid_utf8(text)) refuse("the address is not UTF-8");
  const bool is_url = text.find("://") != std::string::npos && !looks_like_keywords(text);
  if (!is_url && !looks_like_keywords(text)) refuse("neither a URL nor keyword=value pairs");
  PostgresAddress parsed{is_url ? parse_sqlalchemy_url(text, refuse) : parse_keywords(text, refuse)};
  require_known(parsed.parameters, refuse);
  require_host(parsed.parameters, refuse);
  return parsed;
}

std::string psql_command(const PostgresAddress& address) {
  std::string conninfo;
  for (const auto& [keyword, value] : address.parameters) {
    if (is_secret(keyword)) continue;
    conninfo +=
        fmt::format("{}{}={}", conninfo.empty() ? "" : " ", keyword, is_plain(value) ? value : in_conninfo(value));
  }
  return "psql " + in_shell(conninfo);
}

}  // namespace heretix
