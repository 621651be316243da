// How a local model is asked to judge one statement, and how its number is read from the logits that follow.
//
// A file with decision metadata (<architecture>.decision.type and a chat template named "systemone") is shown what
// llama.cpp's server would show it and read as that server reads it (llama.cpp, tools/server/server-decision.cpp). Any
// other file is asked through its own chat template for the word True or False.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/belief.hpp"
#include "models/llama/model.hpp"
#include "models/llama/prompt_context.hpp"

namespace heretix {

class DecisionForm {
 public:
  // The model is borrowed.
  explicit DecisionForm(const LlamaModel& model);

  // Why the model cannot judge statements; empty: it can. Where it cannot, nothing below may be called.
  const std::string& why_not() const { return why_not_; }

  // Names what this program adds to a statement and how it reads the answer: "word_1", "systemone_1/openjev". It is
  // part of every key; what the file itself says is covered by the file's own hash.
  std::string name() const;

  // The same for the record, with the hash of the template and its frame.
  nlohmann::json described() const;

  // The prompt of a decision template for the state "{STATE}" and the statement "{STATEMENT}". Empty where the model
  // has no such template, or where it cannot be rendered.
  std::string frame() const { return frame_on(model_.today()); }
  std::string frame_before() const { return frame_on({}); }  // of builds that told a template no date

  Attention attention() const { return type_.empty() ? Attention::plain : Attention::fused; }

  // Throws Error{bad_input} where the template cannot be rendered.
  TokenPrompt prompt(const std::string& state, const std::string& statement) const;

  // The probability that the statement is true, from the logits after its prompt, each divided by `temperature` (> 0).
  // Throws Error{broken} if they are not numbers.
  Probability read(const float* logits, double temperature) const;

  // The share of all probability that the answers it reads hold together; the rest is on other words.
  double mass(const float* logits, double temperature) const;

 private:
  enum class Kind {
    word,    // True against False
    option,  // the label of "true" against that of "false"
    rating,  // the mean of nine labels, from certainly no to certainly yes
  };

  std::vector<Token> answers() const;  // every token that is read as one
  void read_metadata();
  void find_words();
  void find_labels();
  void read_temperature(const std::string& prefix, const std::vector<std::string>& names);
  std::vector<PromptPart> parts(const std::string& state, const std::string& statement) const;
  std::vector<PromptPart> systemone_parts(const std::string& state, const std::string& statement,
                                          std::chrono::sys_days today) const;
  std::string frame_on(std::chrono::sys_days day) const;

  const LlamaModel& model_;
  std::string why_not_;
  std::string type_;    // of the metadata; empty: the file has none
  std::string source_;  // of the template "systemone"
  Kind kind_ = Kind::word;
  double own_temperature_ = 1;
  std::vector<Token> yes_, no_;           // Kind::word
  std::vector<Token> labels_;             // in the order in which the prompt shows the options
  std::vector<std::string> label_texts_;  // of the same
};

}  // namespace heretix
