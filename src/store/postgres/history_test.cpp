#include <gtest/gtest.h>

#include "base/error.hpp"
#include "store/postgres/catalogue.hpp"
#include "store/postgres/migrator.hpp"
#include "store/postgres/parameters.hpp"

namespace heretix {
namespace {

TEST(History, IsOneLineFromTheContractsRevision) {
  ASSERT_GE(history().size(), 2U);
  EXPECT_EQ(history()[0].id, "9e15719c5c3c");
  EXPECT_EQ(history()[0].parent, "base");
  for (std::size_t i = 1; i < history().size(); ++i) EXPECT_EQ(history()[i].parent, history()[i - 1].id);
}

TEST(History, EveryTableThatAStepMakesItsWayBackDrops) {
  for (const Revision& revision : history()) {
    for (const std::string& table : revision.destroys) {
      EXPECT_NE(revision.up.find("CREATE TABLE " + table + " ("), std::string::npos) << table;
      EXPECT_NE(revision.down.find("DROP TABLE " + table + ";"), std::string::npos) << table;
      EXPECT_TRUE(revision.catalogue.contains("table " + table)) << table;
    }
  }
}

// What a revision takes away on purpose: a record moved to check_records, and refusals are kept with their values in
// heretix_server_refusals.
bool is_taken_away(const Revision& revision, const std::string& object) {
  return revision.id == "d3a95b70c814" &&
         (object == "column check_requests.record" || object.find(" heretix_refused_parameters") != std::string::npos);
}

TEST(History, AShapeHoldsWhatTheOneBeforeHeld) {
  for (std::size_t i = 1; i < history().size(); ++i) {
    for (const Difference& d : compare({.expected = history()[i - 1].catalogue, .found = history()[i].catalogue}))
      EXPECT_EQ(d.found == "absent", is_taken_away(history()[i], d.object)) << to_line(d);
  }
}

TEST(History, PlacesGoByIdBeginningHeadAndBase) {
  EXPECT_EQ(place_of("base"), 0U);
  EXPECT_EQ(place_of("9e15"), 1U);
  EXPECT_EQ(place_of("head"), history().size());
  EXPECT_THROW(place_of(""), Error);
  EXPECT_THROW(place_of("-1"), Error);
}

TEST(History, AScriptKeepsEachStepWithItsWordInOneTransaction) {
  const std::string script = migration_script(0, history().size());
  std::size_t begins = 0;
  for (std::size_t at = script.find("BEGIN;"); at != std::string::npos; at = script.find("BEGIN;", at + 1)) ++begins;
  EXPECT_EQ(begins, history().size());
  std::size_t schemas = 0;
  const std::string chosen = "BEGIN;\nSET LOCAL search_path = public;\n";
  for (std::size_t at = script.find(chosen); at != std::string::npos; at = script.find(chosen, at + 1)) ++schemas;
  EXPECT_EQ(schemas, history().size()) << "whoever runs it may have another search path";
  EXPECT_NE(script.find("INSERT INTO public.alembic_version (version_num) VALUES ('9e15719c5c3c');\nCOMMIT;"),
            std::string::npos);
  EXPECT_NE(
      migration_script(1, 0).find("DELETE FROM public.alembic_version WHERE version_num = '9e15719c5c3c';\nCOMMIT;"),
      std::string::npos);
}

TEST(OlderShapes, AreRecognisedByTheirDifferencesAndNoOthers) {
  const Revision& first = history()[0];
  for (const OlderShape& shape : first.older) {
    std::vector<Difference> differences;
    for (const auto& [object, found] : shape.differences)
      differences.push_back(
          {object, "present", found.ends_with('*') ? found.substr(0, found.size() - 1) + ", not null" : found});
    ASSERT_NE(recognise(first, differences), nullptr) << shape.name;
    EXPECT_EQ(recognise(first, differences)->name, shape.name);
    auto one_more = differences;
    one_more.push_back({"column users.email", "a", "b"});
    EXPECT_EQ(recognise(first, one_more), nullptr);
    differences.pop_back();
    EXPECT_EQ(recognise(first, differences), nullptr);
  }
}

TEST(Parameters, AreNumberedOutsideOfStringsNamesCommentsAndCasts) {
  const NumberedSql numbered =
      number_parameters("SELECT ':a', \":b\", x::int /* :c */, :d, :e_1 -- :f\n, :d, '' || ':g''' ");
  EXPECT_EQ(numbered.sql, "SELECT ':a', \":b\", x::int /* :c */, $1, $2 -- :f\n, $1, '' || ':g''' ");
  EXPECT_EQ(numbered.names, (std::vector<std::string>{":d", ":e_1"}));
  EXPECT_EQ(number_parameters("':").sql, "':");
  EXPECT_EQ(number_parameters(": /*").sql, ": /*");
}

}  // namespace
}  // namespace heretix
