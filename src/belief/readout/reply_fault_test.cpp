#include "belief/readout/reply_fault.hpp"

#include <gtest/gtest.h>

namespace heretix {
namespace {

std::string fault(std::string_view content, const std::string& logprobs, Readout readout = Readout::token) {
  return fault_of_reply(readout, content, logprobs);
}

TEST(ReplyFault, IsAnEmptyContentWhateverTheTokensAre) {
  EXPECT_TRUE(fault("", R"([{"token":"True","logprob":-0.1}])")
                  .starts_with("the content of the reply is empty, though its tokens are 'True'; "));
  EXPECT_TRUE(fault(" \n", "").starts_with("the content of the reply is empty; "));
  EXPECT_FALSE(fault("", "", Readout::frequency).empty());
  EXPECT_TRUE(fault("", "", Readout::decision).empty()) << "a decision has no text";
}

TEST(ReplyFault, IsWhatTheTokensDoNotSpell) {
  const std::string thought =
      R"([{"token":"True","logprob":0},{"token":" or","logprob":0},{"token":" so","logprob":0}])";
  EXPECT_TRUE(fault("True", thought).starts_with("its tokens 'True or so' do not spell its content 'True'; "));
  EXPECT_FALSE(fault("True or so, then", thought).empty());
  EXPECT_TRUE(fault("True or so", thought).empty());
  EXPECT_TRUE(fault("True or", thought).empty()) << "the last token may be the one that ended the text";
  EXPECT_TRUE(fault("\nTrueor so ", thought).empty()) << "white space";
}

// llama.cpp's server puts the beginning that it was given before what the model wrote; vLLM does not.
TEST(ReplyFault, LeavesAsideHowTheAnswerWasBegun) {
  const std::string number = R"([{"token":"0.","logprob":0},{"token":"5","logprob":0}])";
  const auto fault_behind = [&](std::string_view content) {
    return fault_of_reply(Readout::expected, content, number, R"({"belief":{"prob_true":)");
  };
  EXPECT_TRUE(fault_behind(R"({"belief":{"prob_true":0.5)").empty());
  EXPECT_TRUE(fault_behind("0.5").empty());
  EXPECT_TRUE(fault_behind(R"({"belief":{"prob_true":)").starts_with("the content of the reply is empty"));
  EXPECT_TRUE(fault_behind(R"({"belief":{"prob_true":0.9)").ends_with("another readout"));
}

TEST(ReplyFault, ReadsTheBytesOfATokenThatEndsWithinACharacter) {
  EXPECT_TRUE(fault("\xc3\xa9",
                    "[{\"token\":\"\xef\xbf\xbd\",\"bytes\":[195],\"logprob\":0},"
                    "{\"token\":\"\xef\xbf\xbd\",\"bytes\":[169],\"logprob\":0}]")
                  .empty());
}

TEST(ReplyFault, IsNoneOfWhatALocalModelGives) {
  EXPECT_TRUE(fault("", R"([{"token":"True","logprob":-0.1,"complete":true}])").empty());
  EXPECT_TRUE(fault("{\"belief\":", R"({"numbers":{"0.5":1}})", Readout::expected).empty());
}

TEST(ReplyFault, IsANumberThatNoProbabilityCanBe) {
  EXPECT_EQ(fault("True", R"([{"token":"True","logprob":0.5}])"),
            "the token 'True' has the log-probability 0.5, which is above 0");
}

}  // namespace
}  // namespace heretix
