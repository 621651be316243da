// Request bodies of a plan's questions: they differ in the user's text alone, so all around it is written once.
#pragma once

#include <string>

#include "models/http/http_provider.hpp"

namespace heretix {

// A request body as it is sent.
std::string json_of(const Body& body);

class RequestFrame {
 public:
  RequestFrame(const Plan& plan, const HttpProviderOptions& options);
  std::string body(const Question& question) const;  // JSON

 private:
  std::string before_user_, before_begun_, after_user_;
};

}  // namespace heretix
