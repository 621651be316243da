#include "studies/coherence/negation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::array<std::string_view, 6> kVerbs = {"is", "are", "was", "were", "will", "can"};
constexpr std::array<std::string_view, 16> kNegative = {"not",     "no",      "never",   "none",   "nobody", "nothing",
                                                        "neither", "nor",     "without", "hardly", "rarely", "seldom",
                                                        "cannot",  "nowhere", "unless",  "barely"};
constexpr std::array<std::string_view, 29> kQuantifiers = {
    "all",       "every",      "each",     "some",      "any",        "most",    "many",     "few",
    "several",   "both",       "either",   "always",    "sometimes",  "often",   "usually",  "generally",
    "typically", "only",       "everyone", "everybody", "everything", "someone", "somebody", "something",
    "anyone",    "frequently", "mostly",   "also",      "even"};
constexpr std::array<std::string_view, 7> kModal = {"may", "might", "must", "should", "could", "would", "shall"};
constexpr std::array<std::string_view, 17> kClauses = {"and",    "or",      "but",   "if",    "because", "although",
                                                       "though", "while",   "when",  "who",   "which",   "that",
                                                       "whose",  "whether", "since", "until", "where"};

constexpr std::array<std::string_view, 26> kReporting = {
    "say",   "says",   "said",   "think",   "thinks",   "thought",   "believe", "believes", "believed",
    "know",  "knows",  "knew",   "claim",   "claims",   "claimed",   "show",    "shows",    "showed",
    "argue", "argues", "argued", "suggest", "suggests", "suggested", "hold",    "holds"};

struct ClaimWord {
  std::string text;  // lower case
  std::size_t end;   // in the claim
};

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z' ? true
                                                      : byte >= 0x80 || (byte >= '0' && byte <= '9') || byte == '-';
}

std::vector<ClaimWord> words_of(const std::string& claim) {
  std::vector<ClaimWord> words;
  std::string word;
  for (std::size_t i = 0; i <= claim.size(); ++i) {
    if (i < claim.size() && is_letter(claim[i])) {
      word += claim[i];
    } else if (!word.empty()) {
      words.push_back({to_lower_ascii(word), i});
      word.clear();
    }
  }
  return words;
}

std::string refusal_of(const std::string& claim, const std::vector<ClaimWord>& words) {
  const std::size_t sign = claim.find_first_of(",;:?!\"'()[]");
  if (sign != std::string::npos)
    return fmt::format("it contains '{}', so it may be more than one plain clause", claim[sign]);
  const std::size_t dot = claim.find(". ");
  if (dot != std::string::npos) return "it is more than one sentence";
  for (const ClaimWord& word : words) {
    const auto among = [&](const auto& list) { return std::ranges::find(list, word.text) != list.end(); };
    if (among(kNegative)) return fmt::format("it already contains a negation: '{}'", word.text);
    if (among(kQuantifiers)) return fmt::format("'{}' can be meant inside or outside of the negation", word.text);
    if (among(kModal)) return fmt::format("'{}' can be meant inside or outside of the negation", word.text);
    if (among(kClauses)) return fmt::format("'{}' joins two clauses", word.text);
    if (among(kReporting)) return fmt::format("'{}' may bring in a clause of its own", word.text);
  }
  if (!words.empty() && (words[0].text == "a" || words[0].text == "an")) return "its subject is indefinite";
  return {};
}

}  // namespace

std::variant<std::string, NoSafeNegation> negation_by_rule(const std::string& claim) {
  const std::vector<ClaimWord> words = words_of(claim);
  if (const std::string why = refusal_of(claim, words); !why.empty()) return NoSafeNegation{why};
  const auto is_verb = [](const ClaimWord& w) { return std::ranges::find(kVerbs, w.text) != kVerbs.end(); };
  const auto verb = std::ranges::find_if(words, is_verb);
  if (verb == words.end()) return NoSafeNegation{"it has no form of 'be', 'will' or 'can' to put 'not' after"};
  if (std::find_if(verb + 1, words.end(), is_verb) != words.end())
    return NoSafeNegation{"it has several verbs to put 'not' after"};
  if (verb == words.begin() || verb + 1 == words.end()) return NoSafeNegation{"it is not a plain statement"};
  return claim.substr(0, verb->end) + (verb->text == "can" ? "not" : " not") + claim.substr(verb->end);
}

}  // namespace heretix
