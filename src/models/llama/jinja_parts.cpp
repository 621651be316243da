#include "models/llama/jinja_parts.hpp"

#include <jinja/lexer.h>
#include <jinja/parser.h>

namespace heretix {

jinja::value input_text(const std::string& text) {
  auto marked = jinja::mk_val<jinja::value_string>(text);
  marked->mark_input();
  return marked;
}

std::vector<PromptPart> rendered_parts(const std::string& source, const std::function<void(jinja::context&)>& fill) {
  jinja::lexer lexer;
  const auto tokens = lexer.tokenize(source);
  jinja::program program = jinja::parse_from_tokens(tokens);
  jinja::context context(source);
  context.current_time = 0;  // a template that prints today's date would change every prompt from day to day
  fill(context);

  jinja::runtime runtime(context);
  const auto rendered = jinja::runtime::gather_string_parts(runtime.execute(program));
  std::vector<PromptPart> parts;
  for (const auto& part : rendered->as_string().parts) parts.push_back({part.val, part.is_input});
  return parts;
}

}  // namespace heretix
