// A question in the words of a model's own chat template.
#pragma once

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

class ChatTemplate {
 public:
  // `source`: the Jinja text in the model file. Throws Error{bad_input} where it cannot be parsed or rendered.
  ChatTemplate(std::string source, std::string bos_token, std::string eos_token);

  // A template that refuses a system message gets the system text at the head of the user's.
  ChatPrompt render(const std::string& system, const std::string& user) const;

 private:
  std::vector<PromptPart> parts(const std::string& system, const std::string& user) const;
  std::string source_, bos_token_, eos_token_;
  bool takes_system_ = true;
};

}  // namespace heretix
