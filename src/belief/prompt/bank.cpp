#include "belief/prompt/bank.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"

namespace heretix {
namespace {

constexpr const char* kHint =
    "a prompt bank has version, system, user_template and paraphrases, or version, state and statements "
    "(docs/prompts.md)";
constexpr std::array kKnownFields = {"version",    "system", "schema",   "user_template", "paraphrases", "state",
                                     "statements", "name",   "language", "description",   "author_note", "license"};
constexpr std::array kFieldsOfQuestions = {"system", "schema", "user_template", "paraphrases"};
constexpr std::string_view kWordSchema = "Answer with one word and nothing else: True or False.";
constexpr std::size_t kMaxVersionCharacters = 64;  // width of checks.prompt_version

std::string text_of(const YAML::Node& node, const std::string& what, const YamlSource& source) {
  if (!node.IsScalar()) source.refuse(node.Mark(), fmt::format("{} must be text", what));
  if (is_blank(node.Scalar())) { source.refuse(node.Mark(), fmt::format("{} is empty", what)); }
  if (node.Scalar().find('\0') != std::string::npos)
    source.refuse(node.Mark(), fmt::format("{} contains a NUL character", what));
  return node.Scalar();
}

std::string required_text(const YAML::Node& root, const char* name, const YamlSource& source) {
  const YAML::Node node = root[name];
  if (!node) source.refuse(root.Mark(), fmt::format("field '{}' is missing", name));
  return text_of(node, fmt::format("'{}'", name), source);
}

void require_length(const YAML::Node& list, const char* name, const YamlSource& source) {
  if (!list.IsSequence() || list.size() == 0) source.refuse(list.Mark(), fmt::format("'{}' must be a list", name));
  if (list.size() > kMaxParaphrases)
    source.refuse(list.Mark(), fmt::format("{} {}; at most {} are allowed", list.size(), name, kMaxParaphrases));
}

// One side of a statement, which holds the claim's place.
std::string side_of(const YAML::Node& statement, const char* side, std::size_t i, const YamlSource& source) {
  const std::string what = fmt::format("'{}' of statement {}", side, i);
  const YAML::Node node = statement[side];
  if (!node) source.refuse(statement.Mark(), fmt::format("{} is missing", what));
  std::string text = text_of(node, what, source);
  if (text.find(kClaimMark) == std::string::npos)
    source.refuse(node.Mark(), fmt::format("{} does not contain {}", what, kClaimMark));
  return text;
}

void fill_statements(PromptBank& bank, const YAML::Node& root, const YamlSource& source) {
  for (const char* name : kFieldsOfQuestions) {
    if (root[name])
      source.refuse(root[name].Mark(), fmt::format("a bank of statements cannot have the field '{}'", name));
  }
  bank.system = required_text(root, "state", source);

  const YAML::Node list = root["statements"];
  if (!list) source.refuse(root.Mark(), "field 'statements' is missing");
  require_length(list, "statements", source);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].IsMap() || list[i].size() != 2)
      source.refuse(list[i].Mark(), fmt::format("statement {} must have the two fields 'claim' and 'negation'", i));
    bank.paraphrases.push_back(side_of(list[i], "claim", i, source));
    bank.negations.push_back(side_of(list[i], "negation", i, source));
    if (bank.paraphrases.back() == bank.negations.back())
      source.refuse(list[i].Mark(), fmt::format("both sides of statement {} are the same text", i));
  }
}

std::vector<std::string> paraphrases_of(const YAML::Node& root, bool template_has_claim, const YamlSource& source) {
  const YAML::Node list = root["paraphrases"];
  if (!list) source.refuse(root.Mark(), "field 'paraphrases' is missing");
  if (!list.IsSequence() || list.size() == 0) source.refuse(list.Mark(), "'paraphrases' must be a list of texts");
  if (list.size() > kMaxParaphrases) {
    source.refuse(list.Mark(), fmt::format("{} paraphrases; at most {} are allowed", list.size(), kMaxParaphrases));
  }
  std::vector<std::string> paraphrases;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string what = fmt::format("paraphrase {}", i);
    paraphrases.push_back(text_of(list[i], what, source));
    if (!template_has_claim && paraphrases.back().find(kClaimMark) == std::string::npos) {
      source.refuse(list[i].Mark(), fmt::format("{} does not contain {}, nor does 'user_template'", what, kClaimMark));
    }
  }
  return paraphrases;
}

PromptBank bank_from(const YAML::Node& root, const YamlSource& source) {
  PromptBank bank;
  bank.source = source.name();
  bank.version = required_text(root, "version", source);
  if (count_code_points(bank.version) > kMaxVersionCharacters) {
    source.refuse(root["version"].Mark(), fmt::format("'version' has more than {} characters", kMaxVersionCharacters));
  }
  if (root["statements"] || root["state"]) {
    fill_statements(bank, root, source);
    return bank;
  }

  bank.system = required_text(root, "system", source);
  bank.schema = root["schema"] ? text_of(root["schema"], "'schema'", source) : std::string(default_schema());
  bank.user_template = required_text(root, "user_template", source);
  const bool has_claim = bank.user_template.find(kClaimMark) != std::string::npos;
  bank.paraphrases = paraphrases_of(root, has_claim, source);
  return bank;
}

}  // namespace

std::string_view default_schema() {
  return R"(Return only this JSON object, with no text around it:
{"belief":{"prob_true":<number from 0 to 1>,"label":"very_unlikely|unlikely|uncertain|likely|very_likely"},"reasons":[],"assumptions":[],"uncertainties":[],"flags":{"refused":false,"off_topic":false}})";
}

PromptBank answered_by_a_word(PromptBank bank) {
  if (bank.schema == kWordSchema) return bank;  // it is made for that

  const bool has_claim = bank.user_template.find(kClaimMark) != std::string::npos;
  bank.version += "+word";
  bank.schema = kWordSchema;
  bank.user_template = (has_claim ? "<claim>{CLAIM}</claim> " : "") + std::string("Is it true? Answer True or False.");
  return bank;
}

std::string PromptBank::full_system() const { return states() ? system : system + "\n\n" + schema; }

std::string PromptBank::negated_text(std::size_t paraphrase, const std::string& claim) const {
  return replaced(negations.at(paraphrase), {kClaimMark, claim});
}

std::string PromptBank::user_text(std::size_t paraphrase, const std::string& claim) const {
  if (states()) return replaced(paraphrases.at(paraphrase), {kClaimMark, claim});
  return replaced(paraphrases.at(paraphrase), {kClaimMark, claim}) + "\n\n" +
         replaced(user_template, {kClaimMark, claim});
}

std::string PromptBank::sha256() const {
  std::string text = system + "\n\n" + user_template + "\n\n";
  for (std::size_t i = 0; i < paraphrases.size(); ++i) text += (i == 0 ? "" : "\n") + paraphrases[i];
  for (const std::string& negation : negations) text += "\n" + negation;
  return sha256_hex(text);
}

std::string prompt_sha256(const std::string& full_system, const std::string& user_text) {
  return sha256_hex(full_system + "\n\n" + user_text);
}

PromptBank parse_bank(std::string_view yaml, const std::string& source) {
  const YamlSource place(source, kHint);
  const auto is_known = [](const std::string& name) {
    return std::ranges::find(kKnownFields, name) != kKnownFields.end();
  };
  const YAML::Node root = place.load(yaml, is_known);
  try {
    return bank_from(root, place);
  } catch (const YAML::Exception& e) { place.refuse(e.mark, e.msg); }
}

PromptBank load_bank(const std::string& path) {
  const auto text = content_of_file(path);
  if (!text) {
    throw Error(ErrorKind::not_found, fmt::format("cannot read the prompt bank {}", path),
                "check the path, or --prompts and RPL_PROMPTS_DIR");
  }
  return parse_bank(*text, path);
}

}  // namespace heretix
