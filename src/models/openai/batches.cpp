#include "models/openai/batches.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/http/batch_file.hpp"
#include "models/http/batch_results.hpp"
#include "models/http/caller.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kMostQuestions = 10'000;  // below its limits of 50,000 requests and 200 MB
constexpr std::string_view kExpiredCode = "batch_expired";

class OpenAiBatches final : public BatchApi {
 public:
  explicit OpenAiBatches(const HttpProviderOptions& options) : caller_(options) {}
  std::size_t most_questions() const override { return kMostQuestions; }

  std::string submit(const Plan& plan, const std::vector<Request>& requests, const std::string& name) override {
    const HttpProviderOptions& options = caller_.options();
    const std::string endpoint = "/v1" + options.wire->path(options.asked_model);
    const std::string file =
        upload_batch_file(caller_, {.content = batch_file(plan, requests, endpoint, options), .purpose = "batch"});

    const json wanted{{"input_file_id", file},
                      {"endpoint", endpoint},
                      {"completion_window", "24h"},
                      {"metadata", {{"heretix", name}}}};
    const json created = caller_.post_json("/batches", {.text = wanted.dump()});
    std::string id = text_of(created, "id");
    if (id.empty()) throw Error(ErrorKind::in_doubt, "openai: the batch was created, but its id did not arrive");
    return id;
  }

  std::optional<std::string> find(const std::string& name, std::size_t /*questions*/, long long /*at*/) override {
    const json listed = caller_.get_json("/batches?limit=100");
    for (const json& batch : member(listed, "data")) {
      if (text_of(member(batch, "metadata"), "heretix") == name) return text_of(batch, "id");
    }
    if (member(listed, "has_more") == true)
      throw Error(ErrorKind::in_doubt, "openai: more than 100 batches have been created since",
                  "look for it in your list of batches at the provider");
    return std::nullopt;
  }

  BatchStatus status(const std::string& id) override {
    const json batch = caller_.get_json("/batches/" + id);
    BatchStatus status;
    status.note = text_of(batch, "status");
    const json& counts = member(batch, "request_counts");
    status.total = static_cast<std::size_t>(tokens_of(counts, "total").value_or(0));
    status.done =
        static_cast<std::size_t>(tokens_of(counts, "completed").value_or(0) + tokens_of(counts, "failed").value_or(0));
    status.has_expired = status.note == "expired";
    if (status.note == "completed" || status.has_expired || status.note == "cancelled")
      status.state = BatchStatus::State::ended;
    if (status.note != "failed") return status;
    status.state = BatchStatus::State::failed;
    for (const json& error : member(member(batch, "errors"), "data")) status.note += ": " + text_of(error, "message");
    return status;
  }

  std::vector<BatchedOutcome> fetch(const std::string& id, const RequestTerms& terms) override {
    const json batch = caller_.get_json("/batches/" + id);
    std::vector<BatchedOutcome> outcomes;
    for (const char* file : {"output_file_id", "error_file_id"}) {
      const std::string name = text_of(batch, file);
      if (name.empty()) continue;
      for_each_line(caller_.get("/files/" + name + "/content"), [&](const json& line) {
        if (auto found = outcome(line, terms)) outcomes.push_back(std::move(*found));
      });
    }
    return outcomes;
  }

 private:
  std::optional<BatchedOutcome> outcome(const json& line, const RequestTerms& terms) const {
    const std::string key = text_of(line, "custom_id");
    const json& response = member(line, "response");
    if (const auto status = tokens_of(response, "status_code"))
      return outcome_of(key, static_cast<int>(*status), member(response, "body"), caller_.options(), terms);

    const json& error = member(line, "error");
    const std::string code = text_of(error, "code");
    const std::string message = text_of(error, "message");
    if (code.empty() && message.empty()) return std::nullopt;
    return code == kExpiredCode ? expired(key) : not_processed(key, code + " " + message);
  }

  Caller caller_;
};

}  // namespace

std::unique_ptr<BatchApi> make_openai_batches(const HttpProviderOptions& options) {
  return std::make_unique<OpenAiBatches>(options);
}

}  // namespace heretix
