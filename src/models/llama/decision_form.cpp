#include "models/llama/decision_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "belief/readout/word_mass.hpp"
#include "models/llama/jinja_parts.hpp"
#include "models/llama/token_choices.hpp"

namespace heretix {
namespace {

// Raise the number at the end of a name when what is sent, or how it is read, changes.
constexpr std::string_view kWordName = "word_1";
constexpr std::string_view kTemplateName = "systemone_1";

// It stands behind the state, so that all statements share it.
constexpr std::string_view kWordOrder =
    "Say of each statement whether it is true. Answer with one word: True or False.";
constexpr std::size_t kRatings = 9;  // of a model of type lev: the first is "certainly no", the last "certainly yes"

struct Option {
  std::string key;
  std::string label;  // empty: the template makes its own
};

jinja::value text(const std::string& content) { return jinja::mk_val<jinja::value_string>(content); }

// What llama.cpp's server gives for an option without a description. Models of type lev were trained with sorted keys,
// which a template that prints an option as a whole would show.
jinja::value value_of(const Option& option, bool sorted) {
  auto object = jinja::mk_val<jinja::value_object>();
  if (!sorted) object->insert("key", text(option.key));
  object->insert("description", jinja::mk_val<jinja::value_none>());
  if (sorted) object->insert("key", text(option.key));
  if (!option.label.empty()) object->insert("label", text(option.label));
  return object;
}

}  // namespace

DecisionForm::DecisionForm(const LlamaModel& model) : model_(model) {
  read_metadata();
  if (!why_not_.empty()) return;
  if (kind_ == Kind::word) find_words();
  else find_labels();
}

void DecisionForm::read_metadata() {
  const std::string prefix = model_.metadata("general.architecture") + ".decision.";
  type_ = model_.metadata(prefix + "type");
  if (type_.empty()) return;

  source_ = model_.named_template("systemone");
  if (type_ == "openjev" || type_ == "nimble") {
    kind_ = Kind::option;
    read_temperature(prefix, {"noul.2", "noul"});
  } else if (type_ == "lev") {
    kind_ = Kind::rating;
    read_temperature(prefix, {"noul.small", "noul"});
  } else if (type_ == "kev" || type_ == "laya" || type_ == "clef") {
    why_not_ = fmt::format("it is a decision model of type {}, whose head the linked llama.cpp cannot evaluate", type_);
  } else {
    why_not_ = fmt::format("it is a decision model of the unknown type '{}'", type_);
  }
  if (why_not_.empty() && source_.empty()) why_not_ = "it is a decision model without the template 'systemone'";
}

// The first that is there.
void DecisionForm::read_temperature(const std::string& prefix, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string said = model_.metadata(fmt::format("{}temperature.{}", prefix, name));
    if (said.empty()) continue;
    own_temperature_ = std::strtof(said.c_str(), nullptr);
    if (!(own_temperature_ > 0)) why_not_ = fmt::format("its file states the decision temperature '{}'", said);
    return;
  }
}

void DecisionForm::find_words() {
  if (!model_.has_chat_template()) {
    why_not_ = "its file has neither a chat template nor decision metadata";
    return;
  }
  if (model_.tokens("True").front() == model_.tokens("False").front()) {
    why_not_ = "its tokenizer begins True and False with the same token";
    return;
  }
  for (Token token = 0; token < static_cast<Token>(model_.vocabulary_size()); ++token) {
    if (model_.piece(token).empty()) continue;
    const WordSide side = side_of(model_.piece(token));
    if (side == WordSide::yes) yes_.push_back(token);
    if (side == WordSide::no) no_.push_back(token);
  }
}

// A label must be one token. The types lev and nimble pass over letters that are not; openjev numbers its options by
// the letters themselves.
void DecisionForm::find_labels() {
  const std::size_t wanted = kind_ == Kind::rating ? kRatings : 2;
  for (char letter = 'A'; letter <= 'Z' && labels_.size() < wanted; ++letter) {
    const std::vector<Token> tokens = model_.tokens(std::string(1, letter));
    if (tokens.size() == 1) {
      labels_.push_back(tokens[0]);
      label_texts_.emplace_back(1, letter);
    } else if (type_ == "openjev") {
      why_not_ = fmt::format("its tokenizer has no single token for the label {}", letter);
      return;
    }
  }
  if (labels_.size() < wanted) why_not_ = "its tokenizer has too few letters that are single tokens";
}

std::string DecisionForm::name() const {
  return type_.empty() ? std::string(kWordName) : fmt::format("{}/{}", kTemplateName, type_);
}

nlohmann::json DecisionForm::described() const {
  if (type_.empty()) return {{"form", kWordName}, {"template", "chat"}, {"order", kWordOrder}};
  return {{"form", kTemplateName}, {"template", "systemone"}, {"template_sha256", sha256_hex(source_)},
          {"frame", frame()},      {"type", type_},           {"temperature", own_temperature_}};
}

std::vector<PromptPart> DecisionForm::systemone_parts(const std::string& state, const std::string& statement,
                                                      std::chrono::sys_days today) const {
  const bool is_rating = kind_ == Kind::rating;
  const bool has_labels = type_ != "openjev";
  const auto options = [&] {
    // The order of llama.cpp's server: openjev shows "true" first, the others "false".
    const std::vector<std::string> keys =
        type_ == "openjev" ? std::vector<std::string>{"true", "false"} : std::vector<std::string>{"false", "true"};
    auto list = jinja::mk_val<jinja::value_array>();
    for (std::size_t i = 0; i < keys.size(); ++i)
      list->push_back(value_of({keys[i], has_labels ? label_texts_[i] : ""}, is_rating));
    return list;
  };

  return rendered_parts(source_, today, [&](jinja::context& context) {
    context.set_val("id", text("statement"));
    context.set_val("type", text("noul"));
    context.set_val("instructions", input_text(statement));
    context.set_val("state", input_text(state));
    context.set_val("options", options());
    context.set_val("images", jinja::mk_val<jinja::value_array>());
    if (type_ != "nimble") return;

    auto question = jinja::mk_val<jinja::value_object>();
    question->insert("id", text("statement"));
    question->insert("type", text("noul"));
    question->insert("instructions", input_text(statement));
    question->insert("options", options());
    auto questions = jinja::mk_val<jinja::value_array>();
    questions->push_back(question);
    context.set_val("questions", questions);
  });
}

std::string DecisionForm::frame_on(std::chrono::sys_days day) const {
  if (kind_ == Kind::word || !why_not_.empty()) return {};
  try {
    return text_of(systemone_parts("{STATE}", "{STATEMENT}", day));
  } catch (const std::exception&) { return {}; }  // it is reported when a statement is judged
}

std::vector<PromptPart> DecisionForm::parts(const std::string& state, const std::string& statement) const {
  if (kind_ == Kind::word) {
    ChatPrompt prompt = model_.chat_template().render(state + "\n\n" + std::string(kWordOrder), statement);
    prompt.shared.insert(prompt.shared.end(), prompt.own.begin(), prompt.own.end());
    return prompt.shared;
  }
  try {
    return systemone_parts(state, statement, model_.today());
  } catch (const std::exception& e) {
    throw Error(ErrorKind::bad_input, fmt::format("the model's template 'systemone' cannot be rendered: {}", e.what()),
                "use another GGUF file of the model");
  }
}

TokenPrompt DecisionForm::prompt(const std::string& state, const std::string& statement) const {
  const std::vector<PromptPart> whole = parts(state, statement);
  const bool starts_text = kind_ == Kind::word;  // a decision template writes its own beginning of a text
  TokenPrompt prompt{.tokens = model_.tokens_as_one(whole, starts_text)};

  // What is cut off may have changed the last token before the cut, so only what the tokens have in common counts.
  const auto first = std::ranges::find_if(
      whole, [&](const PromptPart& p) { return p.is_input && p.text.find(statement) != std::string::npos; });
  const std::vector<Token> start = model_.tokens_as_one({whole.begin(), first}, starts_text);
  prompt.state_ends = static_cast<std::size_t>(std::ranges::mismatch(prompt.tokens, start).in1 - prompt.tokens.begin());
  prompt.state_ends = std::min(prompt.state_ends, prompt.tokens.size() - 1);  // the last gives the answer
  return prompt;
}

std::vector<Token> DecisionForm::answers() const {
  if (kind_ != Kind::word) return labels_;
  std::vector<Token> tokens = yes_;
  tokens.insert(tokens.end(), no_.begin(), no_.end());
  return tokens;
}

double DecisionForm::mass(const float* logits, double temperature) const {
  std::vector<Token> all(model_.vocabulary_size());
  std::iota(all.begin(), all.end(), 0);
  const std::vector<double> p = softmax(logits, all, temperature * own_temperature_);

  double mass = 0;
  for (const Token token : answers()) mass += p[static_cast<std::size_t>(token)];
  return std::min(1.0, mass);
}

Probability DecisionForm::read(const float* logits, double temperature) const {
  const std::vector<double> p = softmax(logits, answers(), temperature * own_temperature_);

  double noul = 0;
  if (kind_ == Kind::word) {
    for (std::size_t i = 0; i < yes_.size(); ++i) noul += p[i];
  } else if (kind_ == Kind::rating) {
    for (std::size_t i = 0; i < kRatings; ++i) noul += p[i] * static_cast<double>(i) / (kRatings - 1);
  } else {
    noul = p[type_ == "openjev" ? 0 : 1];
  }
  if (!std::isfinite(noul)) throw Error(ErrorKind::broken, "the model's logits are not numbers");
  return Probability(std::clamp(noul, 0.0, 1.0));
}

}  // namespace heretix
