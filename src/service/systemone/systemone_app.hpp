// The System One API over HTTP, without accounts: POST /v1/systemone and GET /v1/models, with errors in the form that
// its clients read. The same questions may come in the forms of OpenAI (POST /v1/decisions) and of Google (POST
// /v1beta/decisions).
//
// An answer that no later request would extend is kept with the body that asked for it, and the same body is answered
// at once by the thread that reads every connection.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "measure/systemone/decision_desk.hpp"
#include "service/http/server.hpp"

namespace heretix::http {

class SystemOneApp final : public Application {
 public:
  // `own_names`: by which the model may be named; the first is the one that replies state. The desk is borrowed.
  SystemOneApp(DecisionDesk& desk, std::vector<std::string> own_names, std::string release_date)
      : desk_(desk), own_names_(std::move(own_names)), release_date_(std::move(release_date)) {}

  std::optional<ServiceResponse> answer_at_once(const ServiceRequest& request) override;
  ServiceResponse handle(const ServiceRequest& request) override;
  ServiceResponse refused(const ServiceRequest& request, int status, const std::string& reason) override;
  void tell(const ServiceRequest& request, const ServiceResponse& response, std::chrono::microseconds took) override;

 private:
  ServiceResponse decide(const ServiceRequest& request);
  ServiceResponse models() const;
  void keep(const std::string& asked, const std::string& answered);

  DecisionDesk& desk_;
  std::vector<std::string> own_names_;
  std::string release_date_;

  // Bodies of requests with the bodies of their final responses, the one used last first.
  using Kept = std::list<std::pair<std::string, std::string>>;
  std::mutex mutex_;
  Kept kept_;
  std::unordered_map<std::string_view, Kept::iterator> by_asked_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace heretix::http
