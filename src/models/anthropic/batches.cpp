#include "models/anthropic/batches.hpp"

#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "models/http/batch_results.hpp"
#include "models/http/caller.hpp"
#include "models/http/frame.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kMostQuestions = 10'000;  // below its limits of 100,000 requests and 256 MB
constexpr const char* kPath = "/v1/messages/batches";
constexpr const char* kListPath = "/v1/messages/batches?limit=100";
constexpr long long kClocksDiffer = 120;  // seconds, at most
constexpr long long kArrivesWithin = 600;

std::size_t count_of(const json& counts, const char* name) {
  return static_cast<std::size_t>(tokens_of(counts, name).value_or(0));
}

std::size_t done_of(const json& counts) {
  return count_of(counts, "succeeded") + count_of(counts, "errored") + count_of(counts, "canceled") +
         count_of(counts, "expired");
}

long long seconds_of(const std::string& rfc3339) {
  std::tm parts{};
  return ::strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr ? 0 : ::timegm(&parts);
}

class AnthropicBatches final : public BatchApi {
 public:
  explicit AnthropicBatches(const HttpProviderOptions& options) : caller_(options) {}
  std::size_t most_questions() const override { return kMostQuestions; }

  std::string submit(const Plan& plan, const std::vector<Request>& requests, const std::string& /*name*/) override {
    const RequestFrame frame(plan, caller_.options());
    std::string body;
    for (const Request& r : requests) {
      const Question& question = plan.questions[r.question];
      body += body.empty() ? R"({"requests":[)" : ",";
      body += fmt::format(R"({{"custom_id":"{}","params":{}}})", question.cache_key, frame.body(question));
    }
    std::string id = text_of(caller_.post_json(kPath, {.text = fmt::format("{}]}}", body)}), "id");
    if (id.empty()) throw Error(ErrorKind::in_doubt, "anthropic: the batch was created, but its id did not arrive");
    return id;
  }

  // It keeps no name of ours: the one batch of that size, made at that time, is it.
  std::optional<std::string> find(const std::string& /*name*/, std::size_t questions, long long submitted_at) override {
    std::optional<std::string> found;
    const json listed = caller_.get_json(kListPath);
    for (const json& batch : member(listed, "data")) {
      const json& counts = member(batch, "request_counts");
      const long long made = seconds_of(text_of(batch, "created_at"));
      if (done_of(counts) + count_of(counts, "processing") != questions || made < submitted_at - kClocksDiffer ||
          made > submitted_at + kArrivesWithin)
        continue;
      if (found)
        throw Error(ErrorKind::in_doubt, "anthropic: two batches of that size were created at that time",
                    "look at the provider which of them it is");
      found = text_of(batch, "id");
    }
    return found;
  }

  BatchStatus status(const std::string& id) override {
    const json batch = caller_.get_json(fmt::format("{}/{}", kPath, id));
    const json& counts = member(batch, "request_counts");
    BatchStatus status{.done = done_of(counts), .note = text_of(batch, "processing_status")};
    status.total = status.done + count_of(counts, "processing");
    status.has_expired = count_of(counts, "expired") > 0;
    if (status.note == "ended") status.state = BatchStatus::State::ended;
    return status;
  }

  std::vector<BatchedOutcome> fetch(const std::string& id, const RequestTerms& terms) override {
    std::vector<BatchedOutcome> outcomes;
    for_each_line(caller_.get(fmt::format("{}/{}/results", kPath, id)), [&](const json& line) {
      if (auto found = outcome(line, terms)) outcomes.push_back(std::move(*found));
    });
    return outcomes;
  }

 private:
  // Its four types of result; only what succeeded is billed.
  std::optional<BatchedOutcome> outcome(const json& line, const RequestTerms& terms) const {
    const std::string key = text_of(line, "custom_id");
    const json& result = member(line, "result");
    const std::string type = text_of(result, "type");
    if (type == "succeeded") return outcome_of(key, 200, member(result, "message"), caller_.options(), terms);
    if (type == "expired") return expired(key);
    if (type == "canceled") return not_processed(key, "it was cancelled");
    if (type != "errored") return std::nullopt;
    const json& error = member(result, "error");
    if (text_of(member(error, "error"), "type") == "invalid_request_error")
      return outcome_of(key, 400, error, caller_.options(), terms);
    return not_processed(key, text_of(member(error, "error"), "message"));
  }

  Caller caller_;
};

}  // namespace

std::unique_ptr<BatchApi> make_anthropic_batches(const HttpProviderOptions& options) {
  return std::make_unique<AnthropicBatches>(options);
}

}  // namespace heretix
