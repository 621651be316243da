// A question in the words of a model's own chat template, with thinking switched off and today's date.
//
// Templates know some ten switches for thinking, and some know none: what is still open behind the question is closed
// as the model itself would close it. Whoever reads a record sees what was rendered by the template's frame.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace heretix {

// A stretch of a rendered prompt. Only the template's own stretches may hold control tokens: a claim that contains
// "<|im_end|>" stays text.
struct PromptPart {
  std::string text;
  bool is_input = false;
};

// The prompt in two: what every question of a bank shares, and what is the question's own. The split stands at the
// start of the user's text, wherever the template puts it.
struct ChatPrompt {
  std::vector<PromptPart> shared;
  std::vector<PromptPart> own;
};

// The parts in a row, as a record keeps them: what is not UTF-8 becomes U+FFFD.
std::string text_of(const std::vector<PromptPart>& parts);

struct ChatTemplateOptions {
  std::string bos_token{};
  std::string eos_token{};
  std::chrono::sys_days today{};   // in UTC, for templates that tell a date
  bool begins_with_space = false;  // the vocabulary puts a space before a text, which the prompt then shows
  bool as_before_frames = false;   // as earlier builds rendered: thinking left open, and the date of the epoch
};

class ChatTemplate {
 public:
  // `source`: the Jinja text in the model file. Throws Error{bad_input} where it cannot be parsed or rendered.
  ChatTemplate(std::string source, ChatTemplateOptions options);

  // A template that refuses a system message gets the system text at the head of the user's.
  ChatPrompt render(const std::string& system, const std::string& user) const;

  // The whole prompt for the texts "{SYSTEM}" and "{USER}". With the texts of a bank in their places it is the prompt
  // of a question again, where the template does not change the texts themselves. Throws as render() does.
  std::string frame() const;

 private:
  std::vector<PromptPart> parts(const std::string& system, const std::string& user) const;
  void choose_effort();

  std::string source_;
  ChatTemplateOptions options_;
  std::string effort_;  // of reasoning, as the template knows it; empty: it is not told one
  bool takes_system_ = true;
};

}  // namespace heretix
