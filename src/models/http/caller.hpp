// Single calls, one after the other, which a batch API needs in addition to the questions themselves.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

#include "models/http/http_provider.hpp"

namespace heretix {

// The text encoded as a value in a query (RFC 3986, 2.1 and 2.3).
std::string percent_encoded(const std::string& text);

// What a POST sends.
struct PostBody {
  std::string text;
  std::string content_type = "application/json";
};

class Caller {
 public:
  explicit Caller(const HttpProviderOptions& options);  // copied

  // The body of a 2xx reply. Throws Error with what the provider said: in_doubt for a POST that may have arrived, else
  // by what the person can do; `unavailable` where asking again may help.
  std::string get(const std::string& path_or_url);
  std::string post(const std::string& path, const PostBody& body);

  nlohmann::json get_json(const std::string& path);
  nlohmann::json post_json(const std::string& path, const PostBody& body);

  const HttpProviderOptions& options() const { return options_; }

 private:
  std::string call(HttpRequest request);
  nlohmann::json parsed(const std::string& text) const;
  HttpProviderOptions options_;
  HttpEngine engine_;
};

}  // namespace heretix
