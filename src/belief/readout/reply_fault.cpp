#include "belief/readout/reply_fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.hpp"
#include "belief/readout/number_tree.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kShownCharacters = 60;  // of a content or of its tokens, in a message
constexpr std::string_view kRemedy =
    "the model may think before it answers: switch thinking off at the server (llama-server --reasoning off), or use "
    "another readout";

struct ListedToken {
  std::string text;
  bool is_of_local_model = false;  // which shows every token that matters and writes no text
};

// The bytes say more than the text where a token ends within a character.
std::string listed_text(const json& token) {
  const json bytes = token.value("bytes", json());
  const auto is_byte = [](const json& b) { return b.is_number_integer() && b >= 0 && b <= 255; };
  if (!bytes.is_array() || bytes.empty() || !std::ranges::all_of(bytes, is_byte))
    return token.at("token").get<std::string>();

  std::string text;
  for (const json& byte : bytes) text += static_cast<char>(byte.get<int>());
  return text;
}

// Empty if the text is not a list of tokens.
std::vector<ListedToken> listed_tokens(const std::string& logprobs) {
  std::vector<ListedToken> listed;
  try {
    const json tokens = json::parse(logprobs);
    if (!tokens.is_array()) return {};
    for (const json& token : tokens) listed.push_back({listed_text(token), token.value("complete", false)});
  } catch (const json::exception&) { return {}; }
  return listed;
}

std::string without_white_space(std::string_view text) {
  std::string rest(text);
  std::erase_if(rest, [](char c) { return kWhiteSpace.find(c) != std::string_view::npos; });
  return rest;
}

// Servers differ in which white space they keep around a text and in its tokens, and some list the token that ended it.
bool spells(const std::vector<ListedToken>& tokens, std::string_view content) {
  const std::string wanted = without_white_space(content);
  std::string spelled;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i + 1 == tokens.size() && spelled == wanted) return true;
    spelled += without_white_space(tokens[i].text);
  }
  return spelled == wanted;
}

std::string in_quotes(std::string_view text) { return "'" + shortened(on_one_line(text), kShownCharacters) + "'"; }

}  // namespace

std::string fault_of_reply(Readout readout, std::string_view content, const std::string& logprobs,
                           std::string_view begun) {
  if (readout == Readout::decision) return {};

  const std::vector<ListedToken> tokens = listed_tokens(logprobs);
  if (!tokens.empty() && tokens[0].is_of_local_model) return nonsense_in(logprobs);

  std::string listed;
  for (const ListedToken& token : tokens) listed += token.text;
  const std::string_view written =
      !begun.empty() && content.starts_with(begun) ? content.substr(begun.size()) : content;
  if (without_white_space(written).empty())
    return fmt::format("the content of the reply is empty{}; {}",
                       listed.empty() ? "" : ", though its tokens are " + in_quotes(listed), kRemedy);
  if (!tokens.empty() && !spells(tokens, written) && !spells(tokens, content))
    return fmt::format("its tokens {} do not spell its content {}; {}", in_quotes(listed), in_quotes(written), kRemedy);
  return nonsense_in(logprobs);
}

}  // namespace heretix
