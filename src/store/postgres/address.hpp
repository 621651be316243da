// A Postgres address, in SQLAlchemy's spelling or libpq's, turned into exactly what libpq is given.
//
// URLs are read as SQLAlchemy reads them (engine/url.py and its PostgreSQL dialects), because the address is shared
// with Python programs: the same text must reach the same database. Keyword strings ("host=… dbname=…") are read by
// libpq. An address without a host is refused, so that nothing lands on a default socket by accident. Pure but for
// libpq's own table of keywords.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

struct PostgresAddress {
  std::map<std::string, std::string> parameters;  // libpq keywords; `host` or `service` is always among them

  std::string value(const std::string& keyword) const;  // empty if it is not given
  std::string shown() const;                            // "heretix@localhost:5433/heretix": never a password
  // The address with each host of a list alone, in order, because libpq gives up on a silent host only where it does
  // the waiting itself.
  std::vector<PostgresAddress> hosts_apart() const;
  // Whether the host has the name of one of Neon's pooled hosts. Those are transaction poolers, which lose a session's
  // advisory lock.
  bool names_pooler() const;
};

// `source` names where the address came from ("DATABASE_URL"). Throws Error{bad_input} with what is wrong and how to
// say it right; the address itself is never repeated, because it may hold a password.
PostgresAddress parse_postgres_address(std::string_view address, const std::string& source);

// The psql command that reaches it, quoted for a shell, without the password.
std::string psql_command(const PostgresAddress& address);

}  // namespace heretix
