#include "service/billing/stripe.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "service/mail/curl_call.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMostReply = 1 << 20;

using Fields = std::vector<std::pair<std::string, std::string>>;

// application/x-www-form-urlencoded; names hold brackets, which Stripe takes as they are or encoded.
std::string form_of(const Fields& fields) {
  const auto encoded = [](const std::string& text) {
    std::string out;
    for (const char c : text) {
      const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '_' || c == '.';
      out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
  };
  std::string form;
  for (const auto& [name, value] : fields) form += (form.empty() ? "" : "&") + encoded(name) + "=" + encoded(value);
  return form;
}

struct Reply {
  long status = 0;
  nlohmann::json told;
};

// `body` empty: GET, else POST of a form.
Reply ask_stripe(const StripeSettings& settings, const std::string& path, const std::string& body,
                 const std::vector<std::string>& headers) {
  std::string reply;
  const auto url = parse_url(settings.url);
  const char* protocols = url && url->is_encrypted() ? "https" : "http,https";
  CurlCall call(settings.url + path, protocols, body, std::chrono::seconds(20), settings.ca_file);
  call.add_line("Authorization: Bearer " + settings.key);
  for (const std::string& header : headers) call.add_line(header);
  if (!body.empty()) {
    call.add_line("Content-Type: application/x-www-form-urlencoded");
    call.add_line("Expect:");
    call.set(CURLOPT_POST, 1L);
    call.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  call.keep_reply(reply, kMostReply);
  const CURLcode code = call.perform(CURLOPT_HTTPHEADER);
  if (code != CURLE_OK)
    throw Error(ErrorKind::unavailable,
                fmt::format("the payment service cannot be reached: {}", on_one_line(call.told(code))));
  return {call.response_code(), nlohmann::json::parse(reply, nullptr, false)};
}

[[noreturn]] void throw_refused(const Reply& reply) {
  const nlohmann::json::json_pointer at("/error/message");
  const bool says_why = reply.told.is_object() && reply.told.contains(at) && reply.told[at].is_string();
  const std::string why = says_why ? reply.told[at].get<std::string>() : "";
  throw Error(reply.status == 429 || reply.status >= 500 ? ErrorKind::unavailable : ErrorKind::broken,
              fmt::format("the payment service answered {}: {}", reply.status, shortened(on_one_line(why), 300)),
              "check HERETIX_STRIPE_KEY and HERETIX_STRIPE_PRICES");
}

std::string page_of(const StripeSettings& settings, const std::string& path, const Fields& fields,
                    const std::string& once) {
  std::vector<std::string> headers;
  if (!once.empty()) headers.push_back("Idempotency-Key: " + once);
  const Reply reply = ask_stripe(settings, path, form_of(fields), headers);
  if (reply.status == 200 && reply.told.is_object() && reply.told.contains("url") && reply.told["url"].is_string())
    return reply.told["url"].get<std::string>();
  throw_refused(reply);
}

}  // namespace

std::string checkout_page(const StripeSettings& settings, const std::string& price, const UserId& user_id,
                          const std::string& email, const std::string& origin, const std::string& once) {
  return page_of(settings, "/v1/checkout/sessions",
                 {{"mode", "subscription"},
                  {"line_items[0][price]", price},
                  {"line_items[0][quantity]", "1"},
                  {"client_reference_id", user_id.text()},
                  {"customer_email", email},
                  {"subscription_data[metadata][user_id]", user_id.text()},
                  {"success_url", origin + "/billing"},
                  {"cancel_url", origin + "/billing"}},
                 once);
}

std::string portal_page(const StripeSettings& settings, const std::string& customer_id, const std::string& origin) {
  return page_of(settings, "/v1/billing_portal/sessions",
                 {{customer_id.starts_with("acct_") ? "customer_account" : "customer", customer_id},
                  {"return_url", origin + "/billing"}},
                 "");
}

std::optional<nlohmann::json> fetch_object(const StripeSettings& settings, const BillingEvent& event) {
  std::vector<std::string> headers = {fmt::format("Stripe-Version: {}", kStripeVersion),
                                      "Stripe-Request-Trigger: event=" + on_one_line(event.id)};
  if (!event.context.empty()) headers.push_back("Stripe-Context: " + on_one_line(event.context));
  const Reply reply = ask_stripe(settings, event.path, "", headers);
  if (reply.status == 404) return std::nullopt;
  if (reply.status == 200 && reply.told.is_object()) return reply.told;
  throw_refused(reply);
}

}  // namespace heretix
