#include "models/hub/hub_listing.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/error.hpp"
#include "models/hub/hub_name.hpp"

namespace heretix {
namespace {

std::vector<HubFile> files_named(std::initializer_list<const char*> paths) {
  std::vector<HubFile> files;
  for (const char* path : paths) files.push_back({.path = path, .sha256 = std::string(64, 'a'), .bytes = 1});
  return files;
}

std::string chosen(const std::vector<HubFile>& files, const char* selector) {
  return choose_model(files, selector, "o/r").front().path;
}

TEST(HubName, IsReadWithAndWithoutRevisionAndSelector) {
  EXPECT_EQ(parse_hub_name("hf:o/r"), (HubName{"o", "r", "", ""}));
  EXPECT_EQ(parse_hub_name("o/r:Q4_K_M"), (HubName{"o", "r", "", "Q4_K_M"}));
  EXPECT_EQ(parse_hub_name("hf:o-1/r.2@refs/pr/3:sub/x.gguf"), (HubName{"o-1", "r.2", "refs/pr/3", "sub/x.gguf"}));
  EXPECT_EQ(parse_hub_name("hf:o/r@v1:Q8_0").text(), "hf:o/r@v1:Q8_0");
  EXPECT_EQ(parse_hub_name("hf:o/r").asked_revision(), "main");
}

TEST(HubName, CannotLeadOutOfTheCacheOrIntoAnotherAddress) {
  for (const char* text : {"hf:", "hf:o", "hf:/r", "hf:o/", "hf:../r", "hf:o/..", "hf:o/a..b", "hf:o/r/s", "hf:o/r:",
                           "hf:o/r@", "hf:o/r@a?b", "hf:o/r:a#b", "hf:o/r:a%2f", "hf:o /r", "hf:o/.r", "hf:ö/r"})
    EXPECT_THROW(parse_hub_name(text), Error) << text;
}

TEST(HubListing, TakesTheSha256AndSizeOfLargeFilesAndPassesOverTheRest) {
  const std::string oid(64, 'b');
  const auto files = gguf_files_of(R"([{"type":"directory","path":"x.gguf","size":0,"oid":"1"},)"
                                   R"({"type":"file","path":"README.md","size":5,"oid":"1"},)"
                                   R"({"type":"file","path":"small.gguf","size":7,"oid":"1"},)"
                                   R"({"type":"file","path":"a/big.GGUF","size":134,"oid":"1","lfs":{"oid":")" +
                                   oid + R"(","size":5000000000,"pointerSize":134},"xetHash":"c"}])");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0], (HubFile{"small.gguf", "", 7}));
  EXPECT_EQ(files[1], (HubFile{"a/big.GGUF", oid, 5'000'000'000}));
  EXPECT_EQ(files[1].name(), "big.GGUF");
}

TEST(HubListing, FindsTheNextPage) {
  EXPECT_EQ(next_page(R"(<https://h/x?cursor=a>; rel="next")"), "https://h/x?cursor=a");
  EXPECT_EQ(next_page(R"(<https://h/1>; rel="first", <https://h/3?a=1,2>; rel="next")"), "https://h/3?a=1,2");
  EXPECT_EQ(next_page(R"(<https://h/1>; rel="prev")"), std::nullopt);
  EXPECT_EQ(next_page(""), std::nullopt);
  EXPECT_EQ(next_page("rel=next"), std::nullopt);
}

TEST(HubListing, AQuantisationIsAWholeWord) {
  const auto files = files_named({"m-BF16.gguf", "m-F16.gguf", "m-IQ4_NL.gguf", "m-Q4_K_S.gguf", "m.Q4_K.gguf"});
  EXPECT_EQ(chosen(files, "f16"), "m-F16.gguf");
  EXPECT_EQ(chosen(files, "Q4_K"), "m.Q4_K.gguf");
  EXPECT_THROW(chosen(files, "Q4_NL"), Error);
  EXPECT_EQ(quantisation_of("a/m-q4_k_m-00001-of-00002.gguf"), "Q4_K_M");
  EXPECT_EQ(quantisation_of("model.gguf"), "");
}

TEST(HubListing, WithoutANameTheChoiceIsThatOfLlamaCpp) {
  EXPECT_EQ(chosen(files_named({"a-Q2_K.gguf", "a-Q8_0.gguf", "a-Q4_K_M.gguf"}), ""), "a-Q4_K_M.gguf");
  EXPECT_EQ(chosen(files_named({"a-Q2_K.gguf", "a-Q8_0.gguf"}), ""), "a-Q8_0.gguf");
  EXPECT_EQ(chosen(files_named({"mmproj-a.gguf", "mtp-a.gguf", "a-Q3_K_L.gguf", "a-Q2_K.gguf"}), ""), "a-Q3_K_L.gguf");
}

TEST(HubListing, AModelInPartsIsChosenWholeAndInOrder) {
  const auto files =
      files_named({"m-Q4_0-00002-of-00002.gguf", "m-Q4_0-00001-of-00002.gguf", "n-Q4_0-00001-of-00003.gguf"});
  const auto parts = choose_model(files, "Q4_0", "o/r");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].path, "m-Q4_0-00001-of-00002.gguf");
  EXPECT_EQ(parts[1].path, "m-Q4_0-00002-of-00002.gguf");
  EXPECT_THROW(choose_model(files, "n-Q4_0-00001-of-00003.gguf", "o/r"), Error);
}

TEST(HubListing, SizesAreShownInDecimalUnits) {
  EXPECT_EQ(size_text(812), "812 bytes");
  EXPECT_EQ(size_text(1'000), "1.0 kB");
  EXPECT_EQ(size_text(999'960), "1.0 MB");
  EXPECT_EQ(size_text(98'362'432), "98.4 MB");
  EXPECT_EQ(size_text(4'400'000'000), "4.4 GB");
}

}  // namespace
}  // namespace heretix
