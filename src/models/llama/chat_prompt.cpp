#include "models/llama/chat_prompt.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "models/llama/jinja_parts.hpp"

namespace heretix {
namespace {

jinja::value message(const std::string& role, const std::string& content) {
  auto object = jinja::mk_val<jinja::value_object>();
  object->insert("role", jinja::mk_val<jinja::value_string>(role));
  object->insert("content", input_text(content));
  return object;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string source, std::string bos_token, std::string eos_token)
    : source_(std::move(source)), bos_token_(std::move(bos_token)), eos_token_(std::move(eos_token)) {
  try {
    const std::vector<PromptPart> rendered = parts("system text", "user text");
    takes_system_ =
        std::ranges::any_of(rendered, [](const PromptPart& p) { return p.is_input && p.text == "system text"; });
  } catch (const std::exception&) {
    takes_system_ = false;  // some templates raise an error for a system message
  }
}

std::vector<PromptPart> ChatTemplate::parts(const std::string& system, const std::string& user) const {
  auto messages = jinja::mk_val<jinja::value_array>();
  if (!system.empty()) messages->push_back(message("system", system));
  messages->push_back(message("user", user));

  return rendered_parts(source_, [&](jinja::context& context) {
    context.set_val("messages", messages);
    context.set_val("bos_token", jinja::mk_val<jinja::value_string>(bos_token_));
    context.set_val("eos_token", jinja::mk_val<jinja::value_string>(eos_token_));
    context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));
    context.set_val("enable_thinking", jinja::mk_val<jinja::value_bool>(false));
  });
}

ChatPrompt ChatTemplate::render(const std::string& system, const std::string& user) const {
  const std::string head = takes_system_ ? "" : system + "\n\n";

  std::vector<PromptPart> rendered;
  try {
    rendered = parts(takes_system_ ? system : "", head + user);
  } catch (const std::exception& e) {
    throw Error(ErrorKind::bad_input, fmt::format("the model's chat template cannot be rendered: {}", e.what()),
                "use another GGUF file of the model");
  }

  // The user's text is the last input, and the prompt is split where it begins.
  const auto last = std::find_if(rendered.rbegin(), rendered.rend(), [](const PromptPart& p) { return p.is_input; });
  if (last == rendered.rend()) {
    throw Error(ErrorKind::bad_input, "the model's chat template leaves out the user's message",
                "use another GGUF file of the model");
  }

  const auto own = last.base() - 1;
  ChatPrompt prompt{{rendered.begin(), own}, {own, rendered.end()}};

  // A system text at the head of the user's is the same for every question, so it is shared too.
  if (!head.empty() && prompt.own[0].text.starts_with(head)) {
    prompt.shared.push_back({head, true});
    prompt.own[0].text.erase(0, head.size());
  }

  return prompt;
}

}  // namespace heretix
