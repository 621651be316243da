#include "models/gemini/batches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/number.hpp"
#include "base/text.hpp"
#include "models/http/batch_results.hpp"
#include "models/http/caller.hpp"
#include "models/http/frame.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kMostQuestions = 1'000;  // with the longest prompts half of the 20 MB that one call may have
constexpr int kMostPages = 20;
constexpr const char* kRoot = "/v1beta/";

// "BATCH_STATE_EXPIRED" of the Gemini API is "JOB_STATE_EXPIRED" elsewhere.
std::string state_of(const json& operation) {
  const std::string state = text_of(member(operation, "metadata"), "state");
  const std::size_t word = state.find("_STATE_");
  return word == std::string::npos ? state : state.substr(word + 7);
}

// Google writes whole numbers of 64 bits as text.
std::size_t count_of(const json& stats, const char* name) {
  const json& value = member(stats, name);
  const std::int64_t count =
      value.is_string() ? whole_number(value.get<std::string>()).value_or(0) : tokens_of(stats, name).value_or(0);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

// In the operation's metadata, and once it is done in its response too.
const json& results_of(const json& operation) {
  const json& output = member(member(member(operation, "metadata"), "output"), "inlinedResponses");
  if (const json& list = member(output, "inlinedResponses"); list.is_array()) return list;
  return member(member(member(operation, "response"), "inlinedResponses"), "inlinedResponses");
}

class GeminiBatches final : public BatchApi {
 public:
  explicit GeminiBatches(const HttpProviderOptions& options) : caller_(options) {}
  std::size_t most_questions() const override { return kMostQuestions; }

  std::string submit(const Plan& plan, const std::vector<Request>& requests, const std::string& name) override {
    const RequestFrame frame(plan, caller_.options());
    std::string inlined;
    for (const Request& r : requests) {
      const Question& question = plan.questions[r.question];
      if (!inlined.empty()) inlined += ",";
      inlined += fmt::format(R"({{"request":{},"metadata":{{"key":"{}"}}}})", frame.body(question), question.cache_key);
    }
    const std::string body = fmt::format(
        R"({{"batch":{{"displayName":"{}","inputConfig":{{"requests":{{"requests":[{}]}}}}}}}})", name, inlined);
    const std::string path = fmt::format("{}models/{}:batchGenerateContent", kRoot, caller_.options().asked_model);
    std::string id = text_of(caller_.post_json(path, {.text = body}), "name");
    if (id.empty()) throw Error(ErrorKind::in_doubt, "gemini: the batch was created, but its name did not arrive");
    return id;
  }

  std::optional<std::string> find(const std::string& name, std::size_t /*questions*/, long long /*at*/) override {
    std::string page;
    for (int i = 0; i < kMostPages; ++i) {
      const json listed = caller_.get_json(fmt::format("{}batches?pageSize=100{}", kRoot, page));
      for (const json& operation : member(listed, "operations")) {
        if (text_of(member(operation, "metadata"), "displayName") == name) return text_of(operation, "name");
      }
      const std::string next = text_of(listed, "nextPageToken");
      if (next.empty()) return std::nullopt;
      page = "&pageToken=" + percent_encoded(next);
    }
    throw Error(ErrorKind::in_doubt, "gemini: the batch is not among the newest 2,000",
                "look for it in your list of batches at the provider");
  }

  BatchStatus status(const std::string& id) override {
    const json operation = caller_.get_json(kRoot + id);
    const json& stats = member(member(operation, "metadata"), "batchStats");
    const std::size_t succeeded = count_of(stats, "successfulRequestCount");
    BatchStatus status;
    status.total = count_of(stats, "requestCount");
    status.done = succeeded + count_of(stats, "failedRequestCount");
    const std::string state = state_of(operation);
    status.note = to_lower_ascii(state);
    if (state == "SUCCEEDED" || state == "PARTIALLY_SUCCEEDED") status.state = BatchStatus::State::ended;
    if (state != "FAILED" && state != "CANCELLED" && state != "EXPIRED") return status;

    // Where its own counts say that nothing succeeded, nothing is billed.
    status.has_expired = state == "EXPIRED";
    status.unprocessed = status.total - std::min(status.total, succeeded);
    const bool did_nothing = state == "FAILED" && succeeded == 0 && !results_of(operation).is_array();
    status.state = did_nothing ? BatchStatus::State::failed : BatchStatus::State::ended;
    if (const std::string why = text_of(member(operation, "error"), "message"); !why.empty()) status.note += ": " + why;
    return status;
  }

  std::vector<BatchedOutcome> fetch(const std::string& id, const RequestTerms& terms) override {
    const json operation = caller_.get_json(kRoot + id);
    std::vector<BatchedOutcome> outcomes;
    const json& results = results_of(operation);
    if (!results.is_array()) return outcomes;
    for (const json& result : results) {
      if (auto found = outcome(result, terms)) outcomes.push_back(std::move(*found));
    }
    return outcomes;
  }

 private:
  std::optional<BatchedOutcome> outcome(const json& result, const RequestTerms& terms) const {
    const std::string key = text_of(member(result, "metadata"), "key");
    if (const json& error = member(result, "error"); !error.is_null())
      return outcome_of_rpc_error(key, error, caller_.options(), terms);
    return outcome_of(key, 200, member(result, "response"), caller_.options(), terms);
  }

  Caller caller_;
};

}  // namespace

std::unique_ptr<BatchApi> make_gemini_batches(const HttpProviderOptions& options) {
  return std::make_unique<GeminiBatches>(options);
}

}  // namespace heretix
