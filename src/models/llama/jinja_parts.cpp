#include "models/llama/jinja_parts.hpp"

#include <jinja/lexer.h>
#include <jinja/parser.h>

#include <ctime>

namespace heretix {
namespace {

// The engine prints times as those of this machine's place.
std::time_t noon_here(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  std::tm noon{};
  noon.tm_year = static_cast<int>(date.year()) - 1900;
  noon.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  noon.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  noon.tm_hour = 12;
  noon.tm_isdst = -1;
  return std::mktime(&noon);
}

}  // namespace

jinja::value input_text(const std::string& text) {
  auto marked = jinja::mk_val<jinja::value_string>(text);
  marked->mark_input();
  return marked;
}

std::vector<PromptPart> rendered_parts(const std::string& source, std::chrono::sys_days day,
                                       const std::function<void(jinja::context&)>& fill) {
  jinja::lexer lexer;
  const auto tokens = lexer.tokenize(source);
  jinja::program program = jinja::parse_from_tokens(tokens);
  jinja::context context(source);
  context.current_time = noon_here(day);
  fill(context);

  jinja::runtime runtime(context);
  const auto rendered = jinja::runtime::gather_string_parts(runtime.execute(program));
  std::vector<PromptPart> parts;
  for (const auto& part : rendered->as_string().parts) parts.push_back({part.val, part.is_input});
  return parts;
}

}  // namespace heretix
