#include "models/llama/llama_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "models/letter_reader.hpp"
#include "models/llama/answer_reader.hpp"
#include "models/llama/decision_form.hpp"
#include "models/llama/decoder.hpp"
#include "models/llama/letter_form.hpp"
#include "models/llama/model.hpp"
#include "models/llama/statement_judge.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMaxConcurrency = 128;
constexpr std::size_t kFrameDigits = 16;               // of its hash, in keys
constexpr std::size_t kStatementsAtOnce = 64;          // taken in one commit
constexpr std::string_view kLetterForm = "letters_1";  // raise the number when what is sent, or how it is read, changes
constexpr std::string_view kNoChatTemplate =
    "its file has no chat template, so it only judges statements; use --readout decision";

// A question's own draws: a run repeats, also when it was interrupted; only the second try after an unusable answer
// differs from the first.
std::uint64_t seed_of(const Question& question, int answers_before) {
  const Digest digest = sha256(fmt::format("llama|{}|{}", question.cache_key, answers_before));
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < 8; ++i) seed = seed << 8 | digest[i];
  return seed;
}

// A file in a cache may be changed or damaged after it was checked, and then it is another model.
void require_as_pulled(const PulledModel& pulled, const std::string& sha256_of_first) {
  for (const HubFile& part : pulled.parts) {
    const bool is_first = &part == &pulled.parts.front();
    const std::string path = pulled.folder + "/" + part.name();
    if ((is_first ? sha256_of_first : sha256_of_file(path)) == part.sha256) continue;
    throw Error(ErrorKind::conflict, fmt::format("{} is not the file that was fetched as {}", path, pulled.name.text()),
                fmt::format("heretix models remove {0}, then heretix models pull {0}", pulled.name.text()));
  }
}

nlohmann::json origin_json(const PulledModel& pulled) {
  nlohmann::json parts = nlohmann::json::array();
  for (const HubFile& part : pulled.parts)
    parts.push_back({{"path", part.path}, {"sha256", part.sha256}, {"bytes", part.bytes}});
  return {
      {"hub", pulled.hub}, {"repository", pulled.name.repository_id()}, {"revision", pulled.commit}, {"files", parts}};
}

class LlamaProvider final : public Provider, public LetterReader {
 public:
  LlamaProvider(const LlamaOptions& options, const Clock& clock)
      : options_(options),
        model_(options.path, clock),
        form_(model_),
        letters_(model_),
        judge_(model_, form_, options.threads),
        reader_(model_, options.temperature, options.threads) {
    const ModelFile& file = model_.file();
    if (options.pulled) require_as_pulled(*options.pulled, file.sha256);
    facts_.provider = "llama";
    facts_.model = ModelName("llama/" + file.name);
    facts_.mode.with("gguf", file.sha256.substr(0, 16));
    if (options.temperature != kDefaultTemperature)
      facts_.mode.with("temperature", fmt::format("{}", options.temperature));
    facts_.price = Price{};
    facts_.cost_note = "runs on this machine and costs nothing";
    nlohmann::json settings = {
        {"model_file", file.name + ".gguf"},
        {"model_sha256", file.sha256},
        {"model_bytes", file.bytes},
        {"model", file.description},
        {"llama_cpp", llama_cpp_version()},
        {"temperature", options.temperature},
        {"sampling", options.temperature > 0 ? "softmax over what the form allows, seeded per question" : "greedy"}};
    if (options.pulled) settings["model_origin"] = origin_json(*options.pulled);
    describe_prompt(settings);
    if (form_.why_not().empty()) {
      facts_.decision_form = form_.name();
      settings["decision"] = form_.described();
    }
    facts_.settings = settings.dump();
  }

  const ProviderFacts& facts() const override { return facts_; }

  std::string why_not(Readout readout) const override {
    if (readout == Readout::decision && !form_.why_not().empty()) return form_.why_not();
    if (readout != Readout::decision && !model_.has_chat_template()) return std::string(kNoChatTemplate);
    const bool needs_chances = reads_tokens(readout) || readout == Readout::decision;
    if (needs_chances && options_.temperature == 0) return "at temperature 0 one token has all the probability";
    if (asks_for_a_word(readout) && model_.tokens("True").front() == model_.tokens("False").front())
      return "its tokenizer begins True and False with the same token";
    return {};
  }

  std::string why_no_letters() const override {
    return options_.temperature == 0 ? "at temperature 0 one token has all the probability" : letters_.why_not();
  }
  std::string letter_form() const override { return std::string(kLetterForm); }

  void answer(const Plan& plan, Exchange& exchange) override {
    switch (plan.recipe.readout()) {
      case Readout::verbalized:
      case Readout::frequency: return write_answers(plan, exchange);
      case Readout::token:
      case Readout::expected: return read_answers(plan, exchange);
      case Readout::decision: return judge_statements(plan, exchange);
    }
  }

 private:
  // What questions are put into. It is part of the keys where it is not what builds without it showed the model.
  void describe_prompt(nlohmann::json& settings) {
    const std::string frame = model_.frame() + form_.frame();
    if (!model_.frame().empty())
      settings["prompt_frame"] = {{"text", model_.frame()}, {"sha256", sha256_hex(model_.frame())}};
    if (!frame.empty()) settings["today"] = utc_day(unix_seconds(model_.today()));

    const bool is_as_before = frame == model_.frame_before() + form_.frame_before() && !model_.has_space_prefix();
    if (!is_as_before) facts_.mode.with("frame", sha256_hex(frame).substr(0, kFrameDigits));
  }

  void write_answers(const Plan& plan, Exchange& exchange) {
    Decoder& decoder = decoder_for(plan, [&](const WorkDone& work) { exchange.tell_work(work); });
    std::vector<Delivery> deliveries;
    while (!exchange.abandoned()) {
      const Taken taken = exchange.turn(std::exchange(deliveries, {}), decoder.free_streams());
      decoder.start(wanted(plan, taken.requests));
      if (decoder.is_idle()) {
        if (decoder.usual_output() > 0) usual_output_[plan.recipe.readout()] = decoder.usual_output();
        if (!taken.again_at) return;
        std::this_thread::sleep_until(*taken.again_at);
        continue;
      }
      for (Decoded& d : decoder.step()) deliveries.push_back(delivery(plan, std::move(d)));
    }
    decoder_.reset();  // it may be in the middle of an answer
  }

  // The one of the claim before where that suits, because the next claim of a batch shares its prefix.
  Decoder& decoder_for(const Plan& plan, std::function<void(const WorkDone&)> tell) {
    const std::string& longest =
        std::ranges::max_element(plan.questions, {}, [](const Question& q) { return q.user_text.size(); })->user_text;
    const DecoderOptions options{.streams = std::min(options_.concurrency, plan.questions.size()),
                                 .threads = options_.threads,
                                 .temperature = options_.temperature,
                                 .readout = plan.recipe.readout(),
                                 .usual_output = usual_output_[plan.recipe.readout()],
                                 .tell = tell};

    if (decoder_ && decoder_->is_idle() && decoder_->suits(plan.system_text, longest, options)) {
      decoder_->begin_anew(std::move(tell));
    } else {
      decoder_.reset();  // two contexts would not fit some machines
      decoder_ = std::make_unique<Decoder>(model_, plan.system_text, longest, options);
    }
    return *decoder_;
  }

  // Takes up to `most` questions and hands every answer over when it comes, until there are no more. `answered` answers
  // requests and returns those that it left, by their place, because the run ended.
  using Came = AnswerReader::Came;
  using Answered = std::function<std::vector<std::size_t>(const std::vector<Request>&, const Came&)>;
  void answer_in_turns(const Plan& plan, Exchange& exchange, std::size_t most, const Answered& answered) {
    std::vector<Delivery> deliveries;
    WorkDone before, told;
    while (!exchange.abandoned()) {
      const Taken taken = exchange.turn(std::exchange(deliveries, {}), most);
      if (taken.requests.empty()) {
        if (!taken.again_at) return;
        std::this_thread::sleep_until(*taken.again_at);
        continue;
      }
      for (const Request& r : taken.requests) attempts_[r.question] = r.attempt;

      const Came came = [&](std::vector<Decoded> answers, const WorkDone& work) {
        if (exchange.abandoned()) return GoOn::not_at_all;
        told = {.prompt = before.prompt + work.prompt, .prompt_all = before.prompt_all + work.prompt_all};
        exchange.tell_work(told);
        std::vector<Delivery> some;
        for (Decoded& d : answers) some.push_back(delivery(plan, std::move(d)));
        return exchange.turn(std::move(some), 0).ended ? GoOn::with_begun : GoOn::with_all;
      };
      for (const std::size_t i : answered(taken.requests, came))
        deliveries.push_back({taken.requests[i].question, Failure{.message = "not asked: the run ended before"}});
      before = told;
    }
  }

  void read_answers(const Plan& plan, Exchange& exchange) {
    const auto answered = [&](const std::vector<Request>& requests, const Came& came) {
      return reader_.read(plan.recipe.readout(), plan.system_text, wanted(plan, requests), came);
    };
    answer_in_turns(plan, exchange, options_.concurrency, answered);
  }

  void judge_statements(const Plan& plan, Exchange& exchange) {
    const bool has_letters = plan.recipe.mode.value("asked") == kLetterForm;
    const StatementJudge::Read read = [&](const float* logits) {
      if (!has_letters)
        return Judged{.noul = form_.read(logits, options_.temperature).value(),
                      .mass = form_.mass(logits, options_.temperature)};
      LetterShares found = letters_.read(logits, options_.temperature);
      return Judged{.mass = found.mass, .letters = std::move(found.shares)};
    };

    answer_in_turns(plan, exchange, kStatementsAtOnce, [&](const std::vector<Request>& requests, const Came& came) {
      std::vector<TokenPrompt> prompts;
      for (const Request& r : requests) {
        const std::string& text = plan.questions[r.question].user_text;
        prompts.push_back(has_letters ? letters_.prompt(plan.system_text, text) : form_.prompt(plan.system_text, text));
      }

      return judge_.judge(prompts, read, [&](const auto& judged, const WorkDone& work) {
        std::vector<Decoded> answers;
        for (const auto& [i, one] : judged) answers.push_back(decoded(requests[i].question, prompts[i], one));
        return came(std::move(answers), work);
      });
    });
  }

  static Decoded decoded(std::size_t question, const TokenPrompt& prompt, const Judged& judged) {
    const bool is_noul = judged.letters.empty();
    return {.ticket = question,
            .text = is_noul ? nlohmann::json{{"type", "noul"}, {"noul", judged.noul}, {"mass", judged.mass}}.dump()
                            : to_text({.shares = judged.letters, .mass = judged.mass}),
            .tokens_in = static_cast<long>(prompt.tokens.size()),
            .latency_ms = judged.latency_ms};
  }

  std::vector<Wanted> wanted(const Plan& plan, const std::vector<Request>& requests) {
    std::vector<Wanted> all;
    for (const Request& r : requests) {
      const Question& q = plan.questions[r.question];
      attempts_[r.question] = r.attempt;
      all.push_back({r.question, q.user_text, seed_of(q, r.answers_before), plan.recipe.sampling.max_output_tokens});
    }
    return all;
  }

  Delivery delivery(const Plan& plan, Decoded decoded) const {
    Reply reply;
    reply.text = std::move(decoded.text);
    reply.logprobs = std::move(decoded.logprobs);
    reply.ending = decoded.cut_short ? Ending::length : Ending::complete;
    reply.model_version = facts_.model.text();
    reply.response_id = fmt::format("llama-{}-{}", plan.questions[decoded.ticket].cache_key.substr(0, 12),
                                    attempts_.at(decoded.ticket));
    reply.usage.input = decoded.tokens_in;
    reply.usage.output = decoded.tokens_out;
    reply.latency_ms = decoded.latency_ms;
    reply.billed = Usd();
    return {decoded.ticket, std::move(reply)};
  }

  LlamaOptions options_;
  LlamaModel model_;
  DecisionForm form_;
  LetterForm letters_;
  StatementJudge judge_;
  AnswerReader reader_;
  std::unique_ptr<Decoder> decoder_;  // of the last plan whose answers were written
  ProviderFacts facts_;
  std::map<std::size_t, int> attempts_;

  // Tokens that are evaluated for an answer: what the embedded model takes, until this one has answered.
  std::map<Readout, double> usual_output_{{Readout::verbalized, 13}};
};

}  // namespace

std::unique_ptr<Provider> make_llama_provider(const LlamaOptions& options, const Clock& clock) {
  if (!(options.temperature >= 0.0 && options.temperature <= 10.0)) {
    throw Error(ErrorKind::bad_input, fmt::format("temperature is {}; it must be from 0 to 10", options.temperature),
                "0 is greedy, 1 is the model's own temperature");
  }
  if (options.concurrency < 1 || options.concurrency > kMaxConcurrency) {
    throw Error(ErrorKind::bad_input, fmt::format("concurrency is {}; it must be from 1 to {} for a local model",
                                                  options.concurrency, kMaxConcurrency));
  }
  return std::make_unique<LlamaProvider>(options, clock);
}

}  // namespace heretix
