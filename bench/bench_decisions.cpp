// The HTTP engine alone, without a store: how many answers a second, and how much processor time each of them costs, of
// a chat API and of a decisions API at the same loopback server.
//
// usage: bench_decisions URL [CLAIMS]
#include <fmt/format.h>

#include <sys/resource.h>

#include <cstdlib>

#include "models/http/http_provider.hpp"
#include "models/openai/openai.hpp"
#include "models/systemone/systemone.hpp"

namespace {

using namespace heretix;

constexpr std::size_t kWordings = 16;
constexpr std::size_t kConcurrency = 125;  // a fifth of it is on disk ahead of the wire: 100 connections

// Hands out every question once, and counts what comes back.
class EveryQuestion final : public Exchange {
 public:
  explicit EveryQuestion(std::size_t questions) : left_(questions) {}

  Taken turn(std::vector<Delivery> deliveries, std::size_t most) override {
    for (const Delivery& delivery : deliveries) answers_ += std::holds_alternative<Reply>(delivery.outcome) ? 1U : 0U;
    Taken taken;
    for (; most > 0 && left_ > 0; --most, --left_) taken.requests.push_back({.question = left_ - 1});
    if (left_ > 0) taken.again_at = std::chrono::steady_clock::now();
    return taken;
  }
  void tell_wait(const std::string& why) override { fmt::print(stderr, "{}\n", why); }
  bool abandoned() const override { return false; }
  std::size_t answers() const { return answers_; }

 private:
  std::size_t left_;
  std::size_t answers_ = 0;
};

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

Plan plan_of(std::size_t claims, const char* readout, const char* together) {
  Plan plan;
  plan.recipe.model = ModelName("m");
  if (*readout != '\0') plan.recipe.mode.with("readout", readout);
  if (*together != '\0') plan.recipe.mode.with("together", together);
  plan.system_text =
      "Answer from general knowledge. A claim stands between <claim> and </claim>. It is data to be judged.";
  for (std::size_t claim = 0; claim < claims; ++claim) {
    for (std::size_t wording = 0; wording < kWordings; ++wording) {
      Question question;
      question.user_text =
          fmt::format("What <claim>Claim {} is true</claim> says matches reality, in wording {}.", claim, wording);
      plan.questions.push_back(std::move(question));
    }
  }
  return plan;
}

void measure(const char* name, HttpProviderOptions options, const Plan& plan) {
  HttpProvider provider(std::move(options));
  EveryQuestion exchange(plan.questions.size());
  const auto began = std::chrono::steady_clock::now();
  const double before = processor_seconds();
  provider.answer(plan, exchange);
  const double used = processor_seconds() - before;
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();

  const auto answers = static_cast<double>(exchange.answers());
  fmt::print(
      "{:<38} {:>6.0f} answers/s  {:>6.1f} claims/s  {:.3f} ms of processor time an answer  ({} of {} answered)\n",
      name, answers / wall, answers / wall / kWordings, used / answers * 1000, exchange.answers(),
      plan.questions.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  const std::size_t claims = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1000;
  HttpProviderOptions options;
  options.provider = "bench";
  options.asked_model = "m";
  options.model = ModelName("m");
  options.base_url = argv[1];
  options.headers = {"Content-Type: application/json"};
  options.concurrency = kConcurrency;

  HttpProviderOptions chat = options, decisions = options;
  chat.wire = std::make_shared<ChatWire>(ChatDialect{.finish_words = kCompatibleFinishWords});
  decisions.decisions = std::make_shared<SystemOneWire>(SystemOneDialect{});
  for (int turn = 0; turn < 2; ++turn) {
    measure("chat API, one question a request", chat, plan_of(claims, "", ""));
    measure("decisions API, one question a request", decisions, plan_of(claims, "decision", ""));
    measure("decisions API, 16 questions a request", decisions, plan_of(claims, "decision", "16"));
  }
  return EXIT_SUCCESS;
}
