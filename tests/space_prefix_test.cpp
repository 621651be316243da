// A vocabulary that puts a space before every text: the model is shown exactly the text that is stored.
#include <gtest/gtest.h>
#include <llama.h>

#include <string>

#include "made_gguf.hpp"
#include "models/llama/llama_provider.hpp"
#include "models/llama/model.hpp"

namespace heretix {
namespace {

// As they stand in the vocabulary; control tokens by their names.
std::string spelled(const LlamaModel& model, const std::vector<Token>& tokens) {
  std::string text;
  for (const Token t : tokens) {
    const char* name = llama_vocab_get_text(llama_model_get_vocab(model.handle()), t);
    text += model.piece(t).empty() ? name : model.piece(t);
  }
  return text;
}

std::string spelled_prompt(const LlamaModel& model, const ChatPrompt& prompt) {
  return spelled(model, model.tokens(prompt.shared, true)) + spelled(model, model.tokens(prompt.own, false));
}

TEST(SpacePrefix, IsInNoStretchOfAPromptOrAnAnswer) {
  const TemporaryGguf file("llama2");
  make_space_prefix_gguf(file.path(),
                         "{{ bos_token }}[INST] <<SYS>>\n{{ messages[0].content }}\n<</SYS>>\n\n{{ messages[1].content "
                         "}} [/INST]");
  const LlamaModel model(file.path());
  EXPECT_TRUE(model.has_space_prefix());

  for (const std::string text : {"True", "False", "0.5", " 0.5", "{\"belief\":{\"prob_true\":", ",\"label\":\"", "A"})
    EXPECT_EQ(spelled(model, model.tokens(text)), text);
  EXPECT_EQ(spelled(model, model.tokens("True")), "True");
  EXPECT_EQ(model.tokens("True").size(), 1U);

  const ChatPrompt prompt = model.chat_template().render("be brief", "is the sky blue");
  EXPECT_EQ(spelled_prompt(model, prompt), text_of(prompt.shared) + text_of(prompt.own));
  EXPECT_EQ(spelled_prompt(model, prompt), "<s> [INST] <<SYS>>\nbe brief\n<</SYS>>\n\nis the sky blue [/INST]")
      << "the vocabulary's own space, once, and the prompt shows it";
  EXPECT_EQ(model.frame(), "<s> [INST] <<SYS>>\n{SYSTEM}\n<</SYS>>\n\n{USER} [/INST]");
}

TEST(SpacePrefix, IsNotBeforeAControlToken) {
  const TemporaryGguf file("phi3");
  make_space_prefix_gguf(file.path(),
                         "{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}<|end|>{% endif %}{% "
                         "endfor %}<|assistant|>");
  const LlamaModel model(file.path());
  const ChatPrompt prompt = model.chat_template().render("be brief", "is the sky blue");
  EXPECT_EQ(text_of(prompt.shared) + text_of(prompt.own), "<|user|>be brief\n\nis the sky blue<|end|><|assistant|>");
  EXPECT_EQ(spelled_prompt(model, prompt), "<s><|user|>be brief\n\nis the sky blue<|end|><|assistant|>");

  const auto provider = make_llama_provider({.path = file.path()});
  EXPECT_EQ(provider->facts().mode.value("frame").size(), 16U) << "earlier builds showed it other tokens";
}

}  // namespace
}  // namespace heretix
