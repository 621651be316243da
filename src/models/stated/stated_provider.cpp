#include "models/stated/stated_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "belief/answer/verdict.hpp"
#include "belief/readout/letters.hpp"
#include "belief/readout/parts.hpp"
#include "belief/readout/reply_fault.hpp"
#include "belief/readout/word_mass.hpp"
#include "models/letter_reader.hpp"

namespace heretix {
namespace {

// Raise the number at the end of a name when what is sent, or how it is read, changes.
constexpr std::string_view kTokenForm = "token_1";
constexpr std::string_view kWrittenForm = "written_1";
constexpr std::string_view kLetterForm = "token_letters_1";

// They stand behind the state, so that all statements share them.
constexpr std::string_view kTokenOrder =
    "Say of the statement whether it is true. Answer with one word: True or False.";
constexpr std::string_view kWrittenOrder =
    "Say how probable it is that the statement is true. Return only this JSON object, with no text around it:\n"
    R"({"belief":{"prob_true":<number from 0 to 1>}})";
constexpr double kMostMass = 1.001;   // of one place, with what rounding may add
constexpr int kWrittenTokens = 1024;  // as a check allows

// The plan as the model is asked it. Questions keep their places.
Plan as_asked(const Plan& plan, Readout readout) {
  Plan asked = plan;
  const bool has_letters = plan.recipe.mode.value("asked") == kLetterForm;
  asked.recipe.mode.without("asked").with("readout", std::string(to_word(readout)));
  if (readout == Readout::verbalized) {
    asked.recipe.mode.without("readout").without("part");
    asked.recipe.sampling.max_output_tokens = kWrittenTokens;
    for (Question& question : asked.questions) question.is_part = false;
  }
  if (!has_letters) asked.system_text += "\n\n" + std::string(readout == Readout::token ? kTokenOrder : kWrittenOrder);
  return asked;
}

std::string noul_text(double p, std::optional<double> mass) {
  nlohmann::json said = {{"type", "noul"}, {"noul", p}};
  if (mass) said["mass"] = *mass;
  return said.dump();
}

// The letters of a reply whose text begins with the tokens that it lists. Only the first of them counts: what follows
// is cut off at the output limit, often within a character, whose parts llama.cpp's server lists with a mass above 1.
std::optional<LetterShares> letters_in(const Reply& reply) {
  const std::vector<TokenStep> steps = token_steps(reply.logprobs);
  const auto first = std::ranges::find_if(steps, [](const TokenStep& step) { return !is_blank(step.chosen); });
  if (first == steps.end()) return std::nullopt;
  double mass = 0;
  for (const TokenChoice& choice : first->choices) mass += choice.probability;
  const bool is_of_content = trimmed(reply.text, kWhiteSpace).starts_with(trimmed(first->chosen, kWhiteSpace));
  return is_of_content && mass <= kMostMass ? letters_of_tokens({*first}) : std::nullopt;
}

// What was said, as a model that states probabilities would say it. An answer that cannot be read stays as it came,
// and is judged unusable by its text.
void restate(Reply& reply, Readout readout, bool has_letters) {
  if (readout == Readout::verbalized) {
    if (reply.ending != Ending::complete) return;
    const Verdict verdict = read_answer(reply.text, {});
    if (verdict.usable() && verdict.prob_true) reply.text = noul_text(verdict.prob_true->value(), std::nullopt);
    return;
  }
  if (has_letters) {
    if (const auto letters = letters_in(reply)) reply.text = to_text(*letters);
    return;
  }
  if (!fault_of_reply(readout, reply.text, reply.logprobs, "").empty()) return;
  if (const auto mass = word_mass(token_steps(reply.logprobs)))
    reply.text = noul_text(mass->probability(), std::min(1.0, mass->yes + mass->no));
}

class StatedProvider final : public Provider, public LetterReader {
 public:
  StatedProvider(Provider& inner, Readout readout) : inner_(inner), readout_(readout) { state_facts(); }

  const ProviderFacts& facts() const override { return facts_; }
  void answer(const Plan& plan, Exchange& exchange) override {
    const Plan asked = as_asked(plan, readout_);
    Restating restating(exchange, asked, readout_, plan.recipe.mode.value("asked") == kLetterForm);
    inner_.answer(asked, restating);
  }
  bool heed(const ServerRefusal& refusal) override {
    const bool is_heeded = inner_.heed(refusal);
    if (is_heeded) state_facts();
    return is_heeded;
  }
  std::string why_not(Readout readout) const override {
    return readout == Readout::decision ? "" : inner_.why_not(readout);
  }
  void require_sendable(const Plan& plan) const override { inner_.require_sendable(as_asked(plan, readout_)); }
  std::size_t most_at_once() const override { return inner_.most_at_once(); }
  RetryAllowance& retry_allowance() override { return inner_.retry_allowance(); }

  std::string why_no_letters() const override {
    return readout_ == Readout::token ? "" : "its answers have no token probabilities";
  }
  std::string letter_form() const override { return std::string(kLetterForm); }

 private:
  class Restating final : public Exchange {
   public:
    Restating(Exchange& outer, const Plan& asked, Readout readout, bool has_letters)
        : outer_(outer), asked_(asked), readout_(readout), has_letters_(has_letters) {}

    Taken turn(std::vector<Delivery> deliveries, std::size_t most) override {
      for (Delivery& delivery : deliveries) {
        if (auto* reply = std::get_if<Reply>(&delivery.outcome)) restate(*reply, readout_, has_letters_);
      }
      Taken taken = outer_.turn(std::move(deliveries), most);
      for (Request& request : taken.requests) request.origin = &asked_;  // one plan is asked at a time
      return taken;
    }
    void tell_wait(const std::string& why) override { outer_.tell_wait(why); }
    void tell_work(const WorkDone& work) override { outer_.tell_work(work); }
    bool abandoned() const override { return outer_.abandoned(); }
    void on_refused_elsewhere(const ServerRefusal& refusal) override { outer_.on_refused_elsewhere(refusal); }

   private:
    Exchange& outer_;
    const Plan& asked_;
    Readout readout_;
    bool has_letters_;
  };

  void state_facts() {
    facts_ = inner_.facts();
    facts_.decision_form = readout_ == Readout::token ? kTokenForm : kWrittenForm;
    auto settings = nlohmann::json::parse(facts_.settings, nullptr, false);
    if (!settings.is_object()) return;
    const std::string_view order = readout_ == Readout::token ? kTokenOrder : kWrittenOrder;
    settings["decision"] = {{"form", facts_.decision_form}, {"order", order}};
    facts_.settings = settings.dump();
  }

  Provider& inner_;
  Readout readout_;
  ProviderFacts facts_;
};

}  // namespace

std::unique_ptr<Provider> make_stated_provider(Provider& inner) {
  if (inner.why_not(Readout::decision).empty()) return nullptr;
  for (const Readout readout : {Readout::token, Readout::verbalized}) {
    if (inner.why_not(readout).empty()) return std::make_unique<StatedProvider>(inner, readout);
  }
  throw Error(ErrorKind::bad_input,
              fmt::format("{} can be read in no way: {}", inner.facts().model, inner.why_not(Readout::verbalized)),
              "see docs/readouts.md for what each readout needs");
}

}  // namespace heretix
