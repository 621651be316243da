#include "service/checks/web_words.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace heretix {
namespace {

TEST(WebWords, LeaveOutWhatNeedsACommandLine) {
  EXPECT_EQ(in_web_words("the plan asks for 2 answers; an estimate needs at least 3; ask more templates (-K) or more "
                         "replicates (-R)"),
            "the plan asks for 2 answers; an estimate needs at least 3; ask more templates (K) or more replicates (R)");
  EXPECT_EQ(in_web_words("the prompt of template 3 has 70000 characters; shorten the claim by 5 characters, or raise "
                         "--max-prompt-chars"),
            "the prompt of template 3 has 70000 characters; shorten the claim by 5 characters");
  EXPECT_EQ(in_web_words("2 of 8 answers are usable; see why answers were refused: heretix answers rpl-12-34; or ask "
                         "more: -K, -R"),
            "2 of 8 answers are usable; ask more: K, R");
  EXPECT_EQ(in_web_words("readout is 'x'; it must be verbalized or token; see docs/readouts.md"),
            "readout is 'x'; it must be verbalized or token");
  EXPECT_EQ(in_web_words("this works only with the Chat Completions API (--api chat)"),
            "this works only with the Chat Completions API");
}

TEST(WebWords, TakeNoParenthesisApart) {
  EXPECT_EQ(in_web_words("the mass is low; read it in another way (--readout; heretix readouts shows them all), or ask "
                         "another model"),
            "the mass is low; read it in another way, or ask another model");
}

TEST(WebWords, SayWhatHappenedInGeneralWords) {
  EXPECT_EQ(in_web_words("cannot read /srv/heretix/play.json; check the path"),
            "cannot read a file of the service; check the path");
  EXPECT_EQ(in_web_words("--price is wrong; for example --price 1.25,10"), "a setting of the service is wrong");
  EXPECT_EQ(in_web_words("heretix answers shows them"), "the program shows them");
}

TEST(WebWords, LeaveOtherTextsAsTheyAre) {
  for (const std::string text :
       {"", "the claim is a question: it ends in a question mark", "K is 0; it must be from 1 to 1024",
        "depth is '--deep /etc/passwd'; it must be quick, standard, deep or custom",
        "llama/tiny-1.1b-v1.0.Q4_K_M cannot be read by token: the model's numbers are -1 - that is wrong",
        "another heretix is measuring it; llama.cpp could not evaluate the prompt",
        "the server https://api.example.org/v1/model.json cannot be reached; start it",
        "the service cannot do this now",
        "this server does not answer for that Host; HERETIX_ORIGIN and HERETIX_HOSTS name the hosts it answers for"})
    EXPECT_EQ(in_web_words(text), text);
}

// The string literals of a source: every message is made of some of them.
std::vector<std::string> literals_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text;
  for (std::string line; std::getline(file, line);) text += line.starts_with("#include") ? "\n" : line + "\n";
  static const std::regex literal(R"re("(?:[^"\\\n]|\\.)*")re");
  static const std::regex joint(R"(^\s*$)");

  std::vector<std::string> literals;
  auto end_of_last = text.cend();
  for (std::sregex_iterator found(text.begin(), text.end(), literal), end; found != end; ++found) {
    const std::string inner = found->str().substr(1, found->str().size() - 2);
    const bool goes_on = !literals.empty() && std::regex_match(std::string(end_of_last, (*found)[0].first), joint);
    if (goes_on) literals.back() += inner;
    else literals.push_back(inner);
    end_of_last = (*found)[0].second;
  }
  return literals;
}

TEST(WebWords, HoldForEveryTextOfTheProgram) {
  std::size_t texts = 0, changed = 0;
  const auto source = std::filesystem::path(HERETIX_TEST_DATA).parent_path();
  for (const char* room : {"base", "belief", "models", "store", "measure", "archive", "studies", "service"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source / "src" / room)) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with("pp") || name.ends_with("_test.cpp")) continue;
      for (const std::string& text : literals_of(entry.path())) {
        texts += 1;
        const std::string told = in_web_words(text);
        changed += told != text ? 1U : 0U;
        EXPECT_FALSE(speaks_of_command_line(told)) << name << ": " << text << "\n  told as: " << told;
        EXPECT_EQ(told.empty(), text.empty()) << name << ": " << text;
        // As a hint it follows what happened.
        const std::string as_hint = in_web_words("it failed; " + text);
        EXPECT_FALSE(speaks_of_command_line(as_hint)) << name << ": " << text << "\n  told as: " << as_hint;
        EXPECT_TRUE(as_hint.starts_with("it failed")) << as_hint;
      }
    }
  }
  EXPECT_GT(texts, 3000U);
  EXPECT_GT(changed, 50U);
}

}  // namespace
}  // namespace heretix
