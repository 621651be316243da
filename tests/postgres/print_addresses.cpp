// Reads a JSON list of addresses and prints, for each, what libpq would be given, or why it is refused. For
// test_addresses.py, which asks SQLAlchemy the same.
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "store/postgres/address.hpp"

int main() {
  using nlohmann::json;
  json answers = json::array();
  for (const json& address : json::parse(std::cin)) {
    try {
      const auto parsed = heretix::parse_postgres_address(address.get<std::string>(), "test");
      answers.push_back({{"parameters", parsed.parameters}, {"shown", parsed.shown()}, {"psql", psql_command(parsed)}});
    } catch (const heretix::Error& e) { answers.push_back({{"error", e.what()}, {"hint", e.hint()}}); }
  }
  std::cout << answers.dump() << "\n";
}
