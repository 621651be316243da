// The routes and the contract say the same.
#include "service/routes/api.hpp"

#include <gtest/gtest.h>

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.hpp"

namespace heretix::http {
namespace {

std::set<std::string> routes() {
  const auto lines = ServiceApi::routes();
  return {lines.begin(), lines.end()};
}

TEST(Contract, ListsExactlyTheRoutes) {
  const YAML::Node contract = YAML::Load(std::string(kOpenApi));
  std::set<std::string> listed;
  for (const auto& path : contract["paths"]) {
    for (const auto& method : path.second) {
      std::string name = method.first.as<std::string>();
      if (name == "parameters") continue;
      for (char& c : name) c = static_cast<char>(std::toupper(c));
      listed.insert(name + " " + path.first.as<std::string>());
    }
  }
  EXPECT_EQ(listed, routes());
}

// "GET /a/{b}" and "GET /a/c": /a/c is both.
bool may_meet(const std::string& one, const std::string& other) {
  const auto first = split(one, '/'), second = split(other, '/');
  const auto fits = [](std::string_view a, std::string_view b) {
    return a == b || a.starts_with('{') || b.starts_with('{');
  };
  return std::ranges::equal(first, second, fits);
}

TEST(Routes, NoPathFitsTwoOfThem) {
  const auto all = ServiceApi::routes();
  for (const std::string& one : all) {
    for (const std::string& other : all) EXPECT_TRUE(&one == &other || !may_meet(one, other)) << one << ", " << other;
  }
}

bool is_of_other_apis(const std::string& where) {
  return where.starts_with("/paths//v1") || where.starts_with("/components/schemas/DecisionError");
}

// Closed, or said to be open: clients of other APIs send fields that are ignored here.
void require_closed(const YAML::Node& node, const std::string& where) {
  if (node.IsSequence()) {
    for (std::size_t i = 0; i < node.size(); ++i) require_closed(node[i], where);
  }
  if (!node.IsMap()) return;
  if (node["type"] && node["type"].IsScalar() && node["type"].as<std::string>() == "object" && node["properties"]) {
    const std::string more = node["additionalProperties"] ? node["additionalProperties"].as<std::string>() : "not said";
    EXPECT_TRUE(more == "false" || (more == "true" && is_of_other_apis(where))) << where << ": " << more;
  }
  for (const auto& entry : node) require_closed(entry.second, where + "/" + entry.first.as<std::string>());
}

TEST(Contract, ClosesEveryObject) { require_closed(YAML::Load(std::string(kOpenApi)), ""); }

TEST(Time, IsShownAsRfc3339) { EXPECT_EQ(as_rfc3339("2026-11-23 08:00:00.000001"), "2026-11-23T08:00:00.000001Z"); }

}  // namespace
}  // namespace heretix::http
