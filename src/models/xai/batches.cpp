#include "models/xai/batches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "models/http/batch_file.hpp"
#include "models/http/batch_results.hpp"
#include "models/http/caller.hpp"
#include "models/http/times.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kMostQuestions = 10'000;
constexpr int kMostPages = 1'000;

std::size_t count_of(const json& state, const char* name) {
  return static_cast<std::size_t>(std::max(tokens_of(state, name).value_or(0), 0L));
}

// Over REST a time may be a bare date; the whole of that day is meant.
bool is_past(const std::string& time) {
  const auto left = until_rfc3339(time.size() == 10 ? time + "T23:59:59Z" : time, std::chrono::system_clock::now());
  return left && left->count() == 0;
}

class XaiBatches final : public BatchApi {
 public:
  explicit XaiBatches(const HttpProviderOptions& options) : caller_(options) {}
  std::size_t most_questions() const override { return kMostQuestions; }

  std::string submit(const Plan& plan, const std::vector<Request>& requests, const std::string& name) override {
    const HttpProviderOptions& options = caller_.options();
    const std::string endpoint = "/v1" + options.wire->path(options.asked_model);
    const std::string file =
        upload_batch_file(caller_, {.content = batch_file(plan, requests, endpoint, options), .purpose = ""});
    const json created = caller_.post_json("/batches", {.text = json{{"name", name}, {"input_file_id", file}}.dump()});
    std::string id = text_of(created, "batch_id");
    if (id.empty()) throw Error(ErrorKind::in_doubt, "xai: the batch was created, but its id did not arrive");
    return id;
  }

  std::optional<std::string> find(const std::string& name, std::size_t /*questions*/, long long /*at*/) override {
    std::optional<std::string> found;
    for_each_page("/batches?limit=100", [&](const json& page) {
      for (const json& batch : member(page, "batches")) {
        if (text_of(batch, "name") == name) found = text_of(batch, "batch_id");
      }
      return !found;
    });
    return found;
  }

  // It has counts, no word for the state. All of them are zero until the file is read, and when it was refused.
  BatchStatus status(const std::string& id) override {
    const json batch = caller_.get_json("/batches/" + id);
    const json& state = member(batch, "state");
    const std::string refused = text_of(batch, "cancel_by_xai_message");
    const std::size_t pending = count_of(state, "num_pending");
    BatchStatus status;
    status.total = count_of(state, "num_requests");
    status.done = status.total - std::min(status.total, pending);
    status.note = status.total == 0 ? "validating" : "in_progress";
    status.has_expired = (status.total == 0 || pending > 0) && is_past(text_of(batch, "expire_time"));

    if (!refused.empty()) status.note = "refused: " + refused;
    else if (status.has_expired) status.note = "expired";
    else if (status.total == 0 || pending > 0) return status;
    status.unprocessed = pending + count_of(state, "num_cancelled");
    status.state = status.total == 0 ? BatchStatus::State::failed : BatchStatus::State::ended;
    return status;
  }

  std::vector<BatchedOutcome> fetch(const std::string& id, const RequestTerms& terms) override {
    std::vector<BatchedOutcome> outcomes;
    for_each_page("/batches/" + id + "/results?limit=1000", [&](const json& page) {
      for (const json& result : member(page, "results")) {
        if (auto found = outcome(result, terms)) outcomes.push_back(std::move(*found));
      }
      return true;
    });
    return outcomes;
  }

 private:
  // Until `visit` gives false, or there are no more.
  void for_each_page(const std::string& path, const std::function<bool(const json&)>& visit) {
    std::string more;
    for (int i = 0; i < kMostPages; ++i) {
      const json page = caller_.get_json(path + more);
      const std::string next = text_of(page, "pagination_token");
      if (!visit(page) || next.empty()) return;
      more = "&pagination_token=" + percent_encoded(next);
    }
    throw Error(ErrorKind::unavailable, "xai: its list of pages does not end", "run the same command again");
  }

  // The reply stands under the name of its endpoint: "chat_get_completion", "responses".
  std::optional<BatchedOutcome> outcome(const json& result, const RequestTerms& terms) const {
    const std::string key = text_of(result, "batch_request_id");
    const json& inner = member(result, "batch_result");
    if (const json& response = member(inner, "response"); response.is_object() && !response.empty())
      return outcome_of(key, 200, response.front(), caller_.options(), terms);
    const json& error = member(inner, "error");
    return outcome_of_rpc_error(key, error.is_null() ? member(result, "error") : error, caller_.options(), terms);
  }

  Caller caller_;
};

}  // namespace

std::unique_ptr<BatchApi> make_xai_batches(const HttpProviderOptions& options) {
  return std::make_unique<XaiBatches>(options);
}

}  // namespace heretix
