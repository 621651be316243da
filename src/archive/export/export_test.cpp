#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "archive/export/check_names.hpp"
#include "archive/export/copy_binary.hpp"
#include "archive/export/manifest.hpp"
#include "archive/export/month.hpp"
#include "archive/export/users.hpp"
#include "archive/export/window.hpp"
#include "base/background.hpp"
#include "base/error.hpp"

namespace heretix {
namespace {

template <class Number>
std::string big_endian(Number number) {
  std::string bytes;
  for (std::size_t i = sizeof number; i-- > 0;) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}
std::string field(const std::string& bytes) { return big_endian(static_cast<std::uint32_t>(bytes.size())) + bytes; }
const std::string kNullField = big_endian(std::uint32_t{0xffffffff});

std::string tuple(const std::vector<std::string>& fields) {
  return std::accumulate(fields.begin(), fields.end(), big_endian(static_cast<std::uint16_t>(fields.size())));
}

std::vector<Cell> read(const std::vector<CopiedField>& columns, const std::vector<std::string>& fields) {
  std::vector<Cell> cells(columns.size());
  std::string bytes;
  for (const std::string& one : fields) bytes += one;
  Cells row(cells);
  CopiedRowReader(columns).read(bytes, row);
  for (Cell& cell : cells) cell.text = {};  // it pointed into `bytes`
  return cells;
}

TEST(CopyBinary, ReadsNumbersOfEveryWidthWithTheirSign) {
  const auto cells =
      read({{0, ColumnType::integer}, {1, ColumnType::integer}, {2, ColumnType::integer}, {3, ColumnType::boolean}},
           {field(big_endian(std::uint64_t{1} << 63)), field(big_endian(std::uint32_t{0xffffffff})),
            field(big_endian(std::uint16_t{0x7fff})), field("\1")});
  EXPECT_EQ(cells[0].integer, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(cells[1].integer, -1);
  EXPECT_EQ(cells[2].integer, 32767);
  EXPECT_EQ(cells[3].integer, 1);
}

TEST(CopyBinary, ReadsDoublesBitByBitAndTimesFrom1970) {
  const double values[] = {-0.0, 5e-324, std::numeric_limits<double>::infinity(), std::nan("")};
  for (const double value : values) {
    const auto cells = read({{0, ColumnType::real}}, {field(big_endian(std::bit_cast<std::uint64_t>(value)))});
    EXPECT_EQ(std::bit_cast<std::uint64_t>(cells[0].real), std::bit_cast<std::uint64_t>(value));
  }
  const auto times = read({{0, ColumnType::timestamp}, {1, ColumnType::date}, {2, ColumnType::timestamp}},
                          {field(big_endian(std::uint64_t{1})), field(big_endian(std::uint32_t{1})), kNullField});
  EXPECT_EQ(times[0].integer, 946'684'800'000'001);
  EXPECT_EQ(times[1].integer, 10'958);
  EXPECT_TRUE(times[2].is_null());
}

TEST(CopyBinary, WritesAUuidAsItsText) {
  const std::string bytes = field(std::string("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16));
  std::vector<Cell> storage(1);
  Cells cells(storage);
  CopiedRowReader reader({{.place = 0, .type = ColumnType::text, .is_uuid = true}});
  reader.read(bytes, cells);
  EXPECT_EQ(cells[0].text, "00112233-4455-6677-8899-aabbccddeeff");
}

TEST(CopyBinary, RefusesWhatIsCutLongerOrOfAnotherShape) {
  const std::string good = tuple({field(big_endian(std::uint64_t{7})), field("key"), field("more")});
  EXPECT_EQ(read_copied_key(good, 3).key, "key");
  EXPECT_EQ(read_copied_key(good, 3).time, 7);
  EXPECT_THROW(read_copied_key(good, 2), Error);
  for (std::size_t size = 0; size < 2 + 12 + 4; ++size)
    EXPECT_THROW(read_copied_key(good.substr(0, size), 3), Error) << size;
  CopiedRowReader reader({{0, ColumnType::integer}});
  std::vector<Cell> storage(1);
  Cells cells(storage);
  for (const std::string& bad :
       {field("abc"), field(big_endian(std::uint64_t{1})) + "x", big_endian(std::uint32_t{0x80000000}),
        big_endian(std::uint32_t{100}) + "short", std::string()})
    EXPECT_THROW(reader.read(bad, cells), Error);
}

TEST(CopyBinary, NamesAColumnWhoseValuesHaveTheWidthOfAnotherType) {
  const auto message_for = [](const CopiedField& field_of_row, const std::string& bytes) {
    CopiedRowReader reader({field_of_row});
    std::vector<Cell> storage(1);
    Cells cells(storage);
    try {
      reader.read(field(bytes), cells);
    } catch (const Error& e) { return std::string(e.what()) + " / " + e.hint(); }
    return std::string();
  };
  const std::string number = message_for({.place = 0, .type = ColumnType::integer, .column = "K"}, "abc");
  EXPECT_NE(number.find("K has a number of 3 bytes"), std::string::npos) << number;
  EXPECT_NE(number.find("heretix db check"), std::string::npos) << number;
  const std::string real = message_for({.place = 0, .type = ColumnType::real, .column = "pqs"}, "abcd");
  EXPECT_NE(real.find("pqs has a double of 4 bytes"), std::string::npos) << real;
  const std::string uuid =
      message_for({.place = 0, .type = ColumnType::text, .is_uuid = true, .column = "row_id"}, "a");
  EXPECT_NE(uuid.find("row_id has a uuid of 1 bytes"), std::string::npos) << uuid;
}

TEST(CopyBinary, RefusesTimesThatNoReaderCouldHold) {
  const std::int64_t infinities[] = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
                                     253'402'300'800'000'000 - 946'684'800'000'000};
  for (const std::int64_t time : infinities)
    EXPECT_THROW(read({{0, ColumnType::timestamp}}, {field(big_endian(static_cast<std::uint64_t>(time)))}), Error)
        << time;
  EXPECT_THROW(read({{0, ColumnType::date}}, {field(big_endian(std::uint32_t{0x7fffffff}))}), Error);
}

TEST(CopyBinary, TakesTheHeaderAwayAndKnowsTheTrailer) {
  const std::string header = std::string("PGCOPY\n\377\r\n\0", 11) + std::string(8, '\0');
  EXPECT_EQ(without_copy_header(header + "rest"), "rest");
  EXPECT_THROW(without_copy_header(header.substr(0, 18)), Error);
  EXPECT_THROW(without_copy_header("PGCOPX" + header.substr(6)), Error);
  EXPECT_TRUE(is_copy_trailer("\xff\xff"));
  EXPECT_FALSE(is_copy_trailer(std::string("\0\1", 2)));
}

TEST(Month, IsTheOneOfTheCalendarInUtc) {
  EXPECT_EQ(Month::of_micros(0).text(), "1970-01");
  EXPECT_EQ(Month::of_micros(-1).text(), "1969-12");
  EXPECT_EQ(Month::of_micros(1'709'251'199'999'999).text(), "2024-02");  // the last moment of a leap day
  EXPECT_EQ(Month::of_micros(1'709'251'200'000'000).text(), "2024-03");
  EXPECT_EQ(Month::parse("2024-12", "m").next().text(), "2025-01");
  EXPECT_EQ(Month::of_micros(Month::parse("0001-01", "m").first_micro()).text(), "0001-01");
  EXPECT_LT(Month::unknown(), Month::parse("0001-01", "m"));
  for (const char* bad : {"2024-13", "2024-00", "2024-1", "24-01", "2024/01", "", "abcd-ef", "0000-01"})
    EXPECT_THROW(Month::parse(bad, "m"), Error) << bad;
}

TEST(Window, RestoresOrderWithinItsSizeAndTellsWhereItCannot) {
  Window<int> window(3);
  std::vector<int> out;
  bool went_back = false;
  int row = 0;
  const auto drain = [&](bool all) {
    while ((all || window.is_full()) && window.pop(row)) {
      out.push_back(row);
      went_back = went_back || window.went_back();
    }
  };
  for (const int value : {2, 1, 4, 3, 3, 6, 5}) {
    window.push(value);
    drain(false);
  }
  drain(true);
  EXPECT_EQ(out, (std::vector<int>{1, 2, 3, 3, 4, 5, 6}));
  EXPECT_FALSE(went_back);
  window.push(1);
  drain(true);
  EXPECT_TRUE(went_back);
}

struct Named {
  std::string execution, recipe, mode;
};
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as the columns stand in the table
Named names_of(std::string_view check_id, std::string_view config, bool is_cached = false) {
  const Table& checks = dataset_table("checks");
  std::vector<Cell> storage(checks.columns.size());
  Cells cells(storage);
  cells[checks.place("check_id")] = Cell::of(check_id);
  cells[checks.place("config_json")] = Cell::of(config);
  cells[checks.place("was_cached")] = Cell::of(std::int64_t{is_cached});
  CheckNames names;
  names.fill(checks, cells);
  const auto text = [&](const char* name) { return std::string(cells[checks.place(name)].text); };
  return {text("execution_id"), text("recipe_run_id"), text("mode")};
}

TEST(CheckNames, TellRecipeExecutionAndMode) {
  const Named live = names_of("heretix-rpl-abc-0123456789ab", R"({"K":8,"mode":"LIVE;gguf=1","model":"m"})");
  EXPECT_EQ(live.execution, "exec-0123456789ab");
  EXPECT_EQ(live.recipe, "heretix-rpl-abc");
  EXPECT_EQ(live.mode, "LIVE;gguf=1");
  EXPECT_EQ(names_of("heretix-rpl-abc-0123456789ab", R"({"mode":"LIVE"})", true).execution, "");
  EXPECT_EQ(names_of("heretix-rpl-abc-0123456789ab", "{}").execution, "");
  EXPECT_EQ(names_of("another-name", R"({"mode":"LIVE"})").recipe, "another-name");
}

TEST(CheckNames, FindTheModeOnlyAtTheTopOfTheJson) {
  EXPECT_EQ(names_of("a", R"({"claim":"\"mode\":\"MOCK\"","mode" : "LIVE"})").mode, "LIVE");
  EXPECT_EQ(names_of("a", R"({"x":{"mode":"MOCK"},"y":["mode"],"mode":"LIVE"})").mode, "LIVE");
  EXPECT_EQ(names_of("a", R"({"x":"mode"})").mode, "");
  for (const char* broken : {R"({"mode")", R"({"mode":)", R"({"mode":")", R"({"mode":"LIVE)", R"({"mode":7})",
                             R"({"mode":"a\"b"})", "\"", "{\"\\", ""})
    EXPECT_EQ(names_of("a", broken).mode, "") << broken;
}

TEST(Tables, GiveEveryUnsignedColumnASignedTwinOfTheSameBits) {
  std::vector<std::string> unsigned_columns;
  for (const Table& table : dataset_tables()) {
    for (const Column& column : table.columns) {
      if (column.type != ColumnType::unsigned_integer) continue;
      unsigned_columns.push_back(std::string(table.name) + "." + column.name);
      const std::string twin = std::string(column.name) + kSignedTwin;
      ASSERT_TRUE(table.has(twin)) << twin;
      EXPECT_EQ(table.columns[table.place(twin)].type, ColumnType::integer);
    }
  }
  EXPECT_EQ(unsigned_columns, std::vector<std::string>{"checks.bootstrap_seed"});
}

TEST(Manifest, ComesBackAsItWasWritten) {
  const Manifest manifest{
      .generation = 3,
      .created_at = "2026-11-23T12:00:00Z",
      .program = "heretix",
      .has_claims = false,
      .user_key = "abc",
      .since = "2026-01",
      .previous = "manifests/2.json",
      .sources = {{"local", "postgres", "local", "rev", "1:2:"}},
      .tables = {{"checks", {{"checks/a.parquet", "local", "2026-11", 5, 100, "sha", "digest", 1}}}}};
  const Manifest back = manifest_from(to_json_text(manifest), "m");
  EXPECT_EQ(to_json_text(back), to_json_text(manifest));
  EXPECT_EQ(back.table("checks").files, manifest.table("checks").files);
  EXPECT_EQ(back.table("checks").rows(), 5);
  EXPECT_THROW(back.table("nothing"), Error);
}

TEST(Users, AreTheHmacOfTheirId) {
  UserHasher users("Jefe");  // RFC 4231, test case 2
  EXPECT_EQ(users.hash("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(UserHasher("").key_name(), "");
  EXPECT_NE(UserHasher("one key").key_name(), UserHasher("another").key_name());
}

}  // namespace
}  // namespace heretix
