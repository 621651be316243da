#include "models/http/batch_file.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/http/frame.hpp"

namespace heretix {
namespace {

constexpr const char* kBoundary = "heretix-batch-0c5f1e7a9b";

}  // namespace

std::string batch_file(const Plan& plan, const std::vector<Request>& requests, const std::string& endpoint,
                       const HttpProviderOptions& options) {
  const RequestFrame frame(plan, options);
  std::string text;
  for (const Request& r : requests) {
    const Question& question = plan.questions[r.question];
    text += fmt::format(R"({{"custom_id":"{}","method":"POST","url":"{}","body":{}}})", question.cache_key, endpoint,
                        frame.body(question)) +
            "\n";
  }
  return text;
}

std::string upload_batch_file(Caller& caller, const BatchUpload& upload) {
  const std::string& provider = caller.options().provider;
  std::string body;
  if (!upload.purpose.empty()) {
    body = fmt::format("--{}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n{}\r\n", kBoundary,
                       upload.purpose);
  }
  body += fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"questions.jsonl\"\r\n"
      "Content-Type: application/jsonl\r\n\r\n",
      kBoundary);
  body += upload.content + fmt::format("\r\n--{}--\r\n", kBoundary);

  try {
    const nlohmann::json file = caller.post_json(
        "/files", {.text = body, .content_type = fmt::format("multipart/form-data; boundary={}", kBoundary)});
    if (std::string id = text_of(file, "id"); !id.empty()) return id;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::in_doubt) throw;
    throw Error(ErrorKind::unavailable, e.what(), "run the same command again");
  }
  throw Error(ErrorKind::unavailable, provider + ": the file was uploaded, but its id did not arrive");
}

}  // namespace heretix
