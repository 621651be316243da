#include "provider/llama/chat_prompt.hpp"

#include <fmt/format.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>

#include <algorithm>

#include "base/error.hpp"

namespace heretix {
namespace {

jinja::value message(const std::string& role, const std::string& content) {
  auto marked = jinja::mk_val<jinja::value_string>(content);
  marked->mark_input();
  auto object = jinja::mk_val<jinja::value_object>();
  object->insert("role", jinja::mk_val<jinja::value_string>(role));
  object->insert("content", marked);
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
  jinja::lexer lexer;
  const auto tokens = lexer.tokenize(source_);
  jinja::program program = jinja::parse_from_tokens(tokens);
  jinja::context context(source_);
  auto messages = jinja::mk_val<jinja::value_array>();
  if (!system.empty()) messages->push_back(message("system", system));
  messages->push_back(message("user", user));
  context.set_val("messages", messages);
  context.set_val("bos_token", jinja::mk_val<jinja::value_string>(bos_token_));
  context.set_val("eos_token", jinja::mk_val<jinja::value_string>(eos_token_));
  context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));
  context.set_val("enable_thinking", jinja::mk_val<jinja::value_bool>(false));
  context.current_time = 0;  // a template that prints today's date would change every prompt from day to day
  jinja::runtime runtime(context);
  const auto rendered = jinja::runtime::gather_string_parts(runtime.execute(program));
  std::vector<PromptPart> out;
  for (const auto& part : rendered->as_string().parts) out.push_back({part.val, part.is_input});
  return out;
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
  const auto last = std::find_if(rendered.rbegin(), rendered.rend(), [](const PromptPart& p) { return p.is_input; });
  if (last == rendered.rend()) {
    throw Error(ErrorKind::bad_input, "the model's chat template leaves out the user's message",
                "use another GGUF file of the model");
  }
  const auto own = last.base() - 1;
  ChatPrompt prompt{{rendered.begin(), own}, {own, rendered.end()}};
  if (!head.empty() && prompt.own[0].text.starts_with(head)) {
    prompt.shared.push_back({head, true});
    prompt.own[0].text.erase(0, head.size());
  }
  return prompt;
}

}  // namespace heretix
