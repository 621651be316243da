#include "provider/llama/llama_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "provider/llama/decoder.hpp"
#include "provider/llama/model.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMaxConcurrency = 128;

// A question's own draws: a run repeats, also when it was interrupted; only the second try after an unusable answer
// differs from the first.
std::uint64_t seed_of(const Question& question, int answers_before) {
  const Digest digest = sha256(fmt::format("llama|{}|{}", question.cache_key, answers_before));
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < 8; ++i) seed = seed << 8 | digest[i];
  return seed;
}

class LlamaProvider final : public Provider {
 public:
  explicit LlamaProvider(const LlamaOptions& options) : options_(options), model_(options.path) {
    const ModelFile& file = model_.file();
    facts_.provider = "llama";
    facts_.model = "llama/" + file.name;
    facts_.mode.with("gguf", file.sha256.substr(0, 16));
    if (options.temperature != kDefaultTemperature)
      facts_.mode.with("temperature", fmt::format("{}", options.temperature));
    facts_.price = Price{};
    facts_.cost_note = "runs here, nothing is paid";
    facts_.settings = nlohmann::json{
        {"model_file", file.name + ".gguf"},
        {"model_sha256", file.sha256},
        {"model_bytes", file.bytes},
        {"model", file.description},
        {"llama_cpp", llama_cpp_version()},
        {"temperature", options.temperature},
        {"sampling",
         options.temperature > 0
             ? "softmax over what the form allows, seeded per question"
             : "greedy"}}.dump();
  }

  const ProviderFacts& facts() const override { return facts_; }

  std::string why_not(Readout readout) const override {
    const bool reads_tokens = readout == Readout::token || readout == Readout::expected;
    if (reads_tokens && options_.temperature == 0) return "at temperature 0 one token has all the probability";
    const bool says_a_word = readout == Readout::token || readout == Readout::frequency;
    if (says_a_word && model_.tokens("True").front() == model_.tokens("False").front())
      return "its tokenizer begins True and False by the same token";
    return {};
  }

  void answer(const Plan& plan, Exchange& exchange) override {
    const auto longest =
        std::ranges::max_element(plan.questions, {}, [](const Question& q) { return q.user_text.size(); });
    const std::size_t streams = std::min(options_.concurrency, plan.questions.size());
    Decoder decoder(model_, plan.system_text, longest->user_text,
                    {.streams = streams,
                     .threads = options_.threads,
                     .temperature = options_.temperature,
                     .readout = plan.recipe.readout()});
    std::vector<Delivery> deliveries;
    while (!exchange.abandoned()) {
      const Taken taken = exchange.turn(std::exchange(deliveries, {}), decoder.free_streams());
      decoder.start(wanted(plan, taken.requests));
      if (decoder.is_idle()) {
        if (!taken.again_at) return;
        std::this_thread::sleep_until(*taken.again_at);
        continue;
      }
      for (Decoded& d : decoder.step()) deliveries.push_back(delivery(plan, std::move(d)));
    }
  }

 private:
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
    reply.model_version = facts_.model;
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
  ProviderFacts facts_;
  std::map<std::size_t, int> attempts_;
};

}  // namespace

std::unique_ptr<Provider> make_llama_provider(const LlamaOptions& options) {
  if (!(options.temperature >= 0.0 && options.temperature <= 10.0)) {
    throw Error(ErrorKind::bad_input, fmt::format("temperature is {}, must be from 0 to 10", options.temperature),
                "0 is greedy, 1 the model's own");
  }
  if (options.concurrency < 1 || options.concurrency > kMaxConcurrency) {
    throw Error(ErrorKind::bad_input, fmt::format("concurrency is {}, must be from 1 to {} for a local model",
                                                  options.concurrency, kMaxConcurrency));
  }
  return std::make_unique<LlamaProvider>(options);
}

}  // namespace heretix
