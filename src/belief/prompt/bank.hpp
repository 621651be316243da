// A prompt bank: one system text, one answer schema, one user template and many paraphrases of the same
// question, with a version that goes into every key. A bank of statements, for models that state a probability and
// write nothing, has one neutral state in place of the system text, and each statement beside its negation. File
// format: docs/prompts.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heretix {

inline constexpr std::string_view kClaimMark = "{CLAIM}";
inline constexpr std::size_t kMaxParaphrases = 1000;

// The number of a wording as people see it, who count from 1. Stored and in JSON it counts from 0 (paraphrase_idx).
constexpr int shown_number(int paraphrase_idx) { return paraphrase_idx + 1; }

struct PromptBank {
  std::string version;  // the bank's own; hashed into every key
  std::string system;   // of a bank of statements: the state under which each is judged
  std::string schema;   // tells the model the form of the answer
  std::string user_template;
  std::vector<std::string> paraphrases;  // in bank order, duplicates kept
  std::string source;                    // where it was read; for messages and provenance only
  std::vector<std::string> negations{};  // of a bank of statements: that of each paraphrase; else empty

  bool states() const { return !negations.empty(); }

  std::string full_system() const;  // system + "\n\n" + schema
  std::string user_text(std::size_t paraphrase, const std::string& claim) const;
  std::string negated_text(std::size_t paraphrase, const std::string& claim) const;  // of a bank of statements
  std::string sha256() const;  // of system, user template, paraphrases and negations; the schema is not included
};

// The same questions, to be answered by the one word True or False, with a version and a schema of their own.
PromptBank answered_by_a_word(PromptBank bank);

// The schema text of banks that bring none.
std::string_view default_schema();

// sha256 of what is sent: full system + "\n\n" + user text.
std::string prompt_sha256(const std::string& full_system, const std::string& user_text);

// `source` is named in every error, with line and column. Thread-safe.
// Throws Error{bad_input} for anything malformed: not YAML, a field missing, unknown, given twice or of the
// wrong type, a paraphrase that leaves no place for the claim, text that is not UTF-8.
PromptBank parse_bank(std::string_view yaml, const std::string& source);
PromptBank load_bank(const std::string& path);

}  // namespace heretix
