#include "models/llama/chat_prompt.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "belief/answer/thinking.hpp"
#include "models/llama/jinja_parts.hpp"

namespace heretix {
namespace {

// Beside those that answers may hold (belief/answer/thinking.hpp): what templates open and only their models close.
constexpr std::array kMoreSpellings = {
    ThinkingSpelling{"<|START_THINKING|>", "<|END_THINKING|>"},                  // Cohere
    ThinkingSpelling{"<mm:think>", "</mm:think>"},                               // MiniMax M3
    ThinkingSpelling{"<|think|>", "<|end|>"},                                    // Solar Open
    ThinkingSpelling{"Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"},  // Apriel
};

// Formats in which every message names whom it is for: without that the model would begin with its thinking.
struct Channel {
  std::string_view turn;    // the end of the prompt
  std::string_view sign;    // of the format, in the template's source
  std::string_view ending;  // by which what follows is the answer
};
constexpr std::array kChannels = {
    Channel{"<|start|>assistant", "<|channel|>final<|message|>", "<|channel|>final<|message|>"},  // gpt-oss
    Channel{"<|start|>assistant", "assistant to=self<|message|>", " to=user<|message|>"},         // Muse
    Channel{"<|begin|>assistant", "<|begin|>assistant<|content|>", "<|content|>"},                // Solar Open
};

// An effort at which a template that has no other switch leaves thinking out. Others refuse these words, or print them.
constexpr std::string_view kLeastEffort = "low";

jinja::value template_text(const std::string& content) { return jinja::mk_val<jinja::value_string>(content); }

jinja::value message(const char* role, const std::string& content) {
  auto object = jinja::mk_val<jinja::value_object>();
  object->insert("role", template_text(role));
  object->insert("content", input_text(content));
  return object;
}

// What templates call thinking that is switched off.
void switch_thinking_off(jinja::context& context) {
  for (const char* name : {"enable_thinking", "thinking", "reasoning"})
    context.set_val(name, jinja::mk_val<jinja::value_bool>(false));
  context.set_val("thinking_mode", template_text("disabled"));             // MiniMax M3
  context.set_val("thinking_budget", jinja::mk_val<jinja::value_int>(0));  // Seed-OSS
}

// As llama.cpp's server has them: Llama 3 and FireFunction take the date under these names.
void tell_date(jinja::context& context, std::chrono::sys_days day) {
  context.set_val("date_string", template_text(fmt::format("{:%d %b %Y}", day)));
  context.set_val("datetime", template_text(fmt::format("{:%b %d %Y}", day)));
}

// The last input of a prompt is the user's text.
std::vector<PromptPart>::iterator last_input(std::vector<PromptPart>& parts) {
  const auto last = std::find_if(parts.rbegin(), parts.rend(), [](const PromptPart& p) { return p.is_input; });
  return last == parts.rend() ? parts.end() : last.base() - 1;
}

std::string text_behind_user(std::vector<PromptPart> parts) {
  const auto user = last_input(parts);
  return text_of({user == parts.end() ? user : user + 1, parts.end()});
}

// The last thinking that a text opens.
struct Thinking {
  std::string_view closing;
  std::size_t begins = 0;  // behind its opening mark
  bool is_closed = false;
};

std::optional<Thinking> last_thinking(std::string_view tail) {
  std::optional<Thinking> last;
  const auto look_for = [&](const ThinkingSpelling& spelling) {
    const std::size_t at = tail.rfind(spelling.opening);
    if (at == std::string_view::npos) return;
    const std::size_t begins = at + spelling.opening.size();
    if (last && last->begins > begins) return;
    last = Thinking{spelling.closing, begins, tail.find(spelling.closing, begins) != std::string_view::npos};
  };
  std::ranges::for_each(thinking_spellings(), look_for);
  std::ranges::for_each(kMoreSpellings, look_for);
  return last;
}

// What has to follow on the prompt so that the answer comes next; thinking is closed in the layout of Qwen's templates.
std::string ending_of(std::string_view tail, std::string_view source) {
  for (const Channel& channel : kChannels) {
    if (tail.ends_with(channel.turn) && source.find(channel.sign) != std::string_view::npos)
      return std::string(channel.ending);
  }

  const auto thinking = last_thinking(tail);
  if (!thinking || thinking->is_closed) return {};
  const bool stands_on_lines = tail.substr(thinking->begins).starts_with('\n');
  return stands_on_lines ? fmt::format("\n{}\n\n", thinking->closing) : std::string(thinking->closing);
}

// At the beginning of the text itself, in one stretch with it, so that the two can be one token.
void begin_with_space(ChatPrompt& prompt, const std::string& bos_token) {
  for (std::vector<PromptPart>* parts : {&prompt.shared, &prompt.own}) {
    for (PromptPart& part : *parts) {
      const std::size_t begins = !bos_token.empty() && part.text.starts_with(bos_token) ? bos_token.size() : 0;
      if (begins == part.text.size()) continue;
      part.text.insert(begins, " ");
      return;
    }
  }
}

bool shows_closed_thinking(std::string_view tail) {
  const auto thinking = last_thinking(tail);
  return thinking && thinking->is_closed;
}

}  // namespace

std::string text_of(const std::vector<PromptPart>& parts) {
  std::string text;
  for (const PromptPart& part : parts) text += part.text;
  if (!first_invalid_utf8(text)) return text;
  return nlohmann::json::parse(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

ChatTemplate::ChatTemplate(std::string source, ChatTemplateOptions options)
    : source_(std::move(source)), options_(std::move(options)) {
  if (!options_.as_before_frames) choose_effort();
  try {
    const std::vector<PromptPart> rendered = parts("system text", "user text");
    takes_system_ =
        std::ranges::any_of(rendered, [](const PromptPart& p) { return p.is_input && p.text == "system text"; });
  } catch (const std::exception&) {
    takes_system_ = false;  // some templates raise an error for a system message
  }
}

// Only where that closes the thinking, and nothing else does: some templates print whatever effort they are told.
void ChatTemplate::choose_effort() {
  if (source_.find("reasoning_effort") == std::string::npos) return;
  try {
    if (shows_closed_thinking(text_behind_user(parts("", "user text")))) return;
    effort_ = kLeastEffort;
    if (shows_closed_thinking(text_behind_user(parts("", "user text")))) return;
  } catch (const std::exception&) {
    // It wants another word.
  }
  effort_.clear();
}

std::vector<PromptPart> ChatTemplate::parts(const std::string& system, const std::string& user) const {
  auto messages = jinja::mk_val<jinja::value_array>();
  if (!system.empty()) messages->push_back(message("system", system));
  messages->push_back(message("user", user));

  return rendered_parts(source_, options_.today, [&](jinja::context& context) {
    context.set_val("messages", messages);
    context.set_val("bos_token", template_text(options_.bos_token));
    context.set_val("eos_token", template_text(options_.eos_token));
    context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));
    context.set_val("enable_thinking", jinja::mk_val<jinja::value_bool>(false));
    if (options_.as_before_frames) return;

    switch_thinking_off(context);
    tell_date(context, options_.today);
    if (!effort_.empty()) context.set_val("reasoning_effort", template_text(effort_));
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

  // The prompt is split where the user's text begins.
  const auto own = last_input(rendered);
  if (own == rendered.end()) {
    throw Error(ErrorKind::bad_input, "the model's chat template leaves out the user's message",
                "use another GGUF file of the model");
  }
  ChatPrompt prompt{{rendered.begin(), own}, {own, rendered.end()}};

  // A system text at the head of the user's is the same for every question, so it is shared too.
  if (!head.empty() && prompt.own[0].text.starts_with(head)) {
    prompt.shared.push_back({head, true});
    prompt.own[0].text.erase(0, head.size());
  }

  if (options_.as_before_frames) return prompt;
  if (options_.begins_with_space) begin_with_space(prompt, options_.bos_token);

  const std::string ending = ending_of(text_behind_user(rendered), source_);
  if (!ending.empty()) prompt.own.push_back({ending, false});
  return prompt;
}

std::string ChatTemplate::frame() const {
  const ChatPrompt prompt = render("{SYSTEM}", "{USER}");
  return text_of(prompt.shared) + text_of(prompt.own);
}

}  // namespace heretix
