#include "models/http/provider_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>

#include "base/text.hpp"
#include "models/http/wire.hpp"

namespace heretix {
namespace {

using nlohmann::json;

struct CodeMeaning {
  std::string_view code;  // in lower case
  Cause cause;
  int status = 0;
  Renewal renewal = Renewal::unknown;
};

// By the code alone. The statuses are what counts where the error came with 200.
constexpr CodeMeaning kCodes[] = {
    // Money or a plan has run out: OpenAI, Anthropic (its SDK's types/shared/*_error_details.py), Gemini by its quota's
    // id, xAI, gateways.
    {"insufficient_quota", Cause::quota, 429},
    {"billing_hard_limit_reached", Cause::quota, 429},
    {"billing_not_active", Cause::quota, 429},
    {"billing_error", Cause::quota, 402},
    {"quota_exceeded", Cause::quota, 429},
    {"daily_quota", Cause::quota, 429, Renewal::daily},
    {"spend_limit_reached", Cause::quota, 429, Renewal::monthly},
    {"contract_spend_limit_reached", Cause::quota, 429, Renewal::monthly},
    {"enforced_spend_limit_reached", Cause::quota, 429, Renewal::monthly},
    {"linked_organization_spend_limit_reached", Cause::quota, 429},
    {"linked_organization_billing_unavailable", Cause::quota, 402},
    {"usage_limit_reached", Cause::quota, 400, Renewal::monthly},
    {"credits_exhausted", Cause::quota, 402},
    {"insufficient_user_quota", Cause::quota, 402},
    {"insufficient_credits", Cause::quota, 402},
    // A policy: OpenAI (types/responses/response_error.py), Azure, LiteLLM, Alibaba.
    {"content_filter", Cause::filtered, 400},
    {"content_policy_violation", Cause::filtered, 400},
    {"content_filter_policy", Cause::filtered, 400},
    {"responsibleaipolicyviolation", Cause::filtered, 400},
    {"invalid_prompt", Cause::filtered, 400},
    {"bio_policy", Cause::filtered, 400},
    {"misalignment_policy_violation", Cause::filtered, 400},
    {"image_content_policy_violation", Cause::filtered, 400},
    {"data_inspection_failed", Cause::filtered, 400},
    {"moderation_blocked", Cause::filtered, 400},
    {"json_validate_failed", Cause::failed_form, 400},  // Groq
    {"api_key_invalid", Cause::wrong_key, 400},         // Google's ErrorInfo
    {"api_key_expired", Cause::wrong_key, 400},
    {"invalid_api_key", Cause::wrong_key, 401},
    {"unsupported_country_region_territory", Cause::region, 403},
    {"model_decommissioned", Cause::retired_model, 404},  // Groq
    {"model_deprecated", Cause::retired_model, 404},
    {"model_retired", Cause::retired_model, 404},
    // What only stands for a status.
    {"rate_limit_exceeded", Cause::unnamed, 429},
    {"rate_limit_error", Cause::unnamed, 429},
    {"too_many_requests", Cause::unnamed, 429},
    {"ramp_limit_exceeded", Cause::unnamed, 429},
    {"resource_exhausted", Cause::unnamed, 429},
    {"overloaded_error", Cause::unnamed, 529},
    {"overloaded", Cause::unnamed, 503},
    {"unavailable", Cause::unnamed, 503},
    {"service_unavailable", Cause::unnamed, 503},
    {"server_error", Cause::unnamed, 500},
    {"internal_error", Cause::unnamed, 500},
    {"internal", Cause::unnamed, 500},
    {"api_error", Cause::unnamed, 500},
    {"timeout_error", Cause::unnamed, 504},
    {"deadline_exceeded", Cause::unnamed, 504},
    {"authentication_error", Cause::unnamed, 401},
    {"unauthenticated", Cause::unnamed, 401},
    {"permission_error", Cause::unnamed, 403},
    {"permission_denied", Cause::unnamed, 403},
    {"model_not_found", Cause::unnamed, 404},
    {"not_found_error", Cause::unnamed, 404},
    {"not_found", Cause::unnamed, 404},
    {"invalid_request_error", Cause::unnamed, 400},
    {"invalid_argument", Cause::unnamed, 400},
    {"failed_precondition", Cause::unnamed, 400},
};

struct Phrase {
  std::string_view text;  // in lower case
  Cause cause;
  std::string_view code = {};  // what such an error is called from here on; empty: as it calls itself
};

// Some say it in a sentence only. "Spend-based rate limit" is none of these: Google means some minutes by it.
constexpr Phrase kPhrases[] = {
    {"credit balance is too low", Cause::quota, "credits_exhausted"},
    {"insufficient credits", Cause::quota, "credits_exhausted"},
    {"insufficient_quota", Cause::quota, "insufficient_quota"},  // LiteLLM's proxy, whose code is "429"
    {"spending limit", Cause::quota, "spend_limit_reached"},     // xAI
    {"spending cap", Cause::quota, "spend_limit_reached"},       // Gemini
    {"spend cap", Cause::quota, "spend_limit_reached"},
    {"regain access on", Cause::quota, "usage_limit_reached"},  // Anthropic
    {"api usage limits", Cause::quota, "usage_limit_reached"},
    {"content management policy", Cause::filtered},  // Azure, and LiteLLM in front of it
    {"contentpolicyviolation", Cause::filtered},
    {"responsibleaipolicyviolation", Cause::filtered},
    {"violates usage guidelines", Cause::filtered},         // xAI
    {"flagged as potentially violating", Cause::filtered},  // OpenAI
    {"incorrect api key", Cause::wrong_key},                // xAI, with 400
    {"incorrect%20api%20key", Cause::wrong_key},
    {"api key not valid", Cause::wrong_key},
    {"api key not found", Cause::wrong_key},
    {"invalid api key", Cause::wrong_key},
    {"location is not supported", Cause::region},  // Gemini
    {"country, region, or territory not supported", Cause::region},
    {"not available in your region", Cause::region},
    {"not available in your country", Cause::region},
    {"organization must be verified", Cause::unverified},
    {"verify organization", Cause::unverified},
    {"has been deprecated", Cause::retired_model},
    {"is deprecated and", Cause::retired_model},
    {"was deprecated", Cause::retired_model},
    {"no longer accessible", Cause::retired_model},
    {"has been retired", Cause::retired_model},
    {"was retired", Cause::retired_model},
    {"no longer available", Cause::retired_model},
    {"has been decommissioned", Cause::retired_model},
    {"has been shut down", Cause::retired_model},
    {"been discontinued", Cause::retired_model},
    {"reached its end of life", Cause::retired_model},
};

// By which a wrong endpoint is told from a wrong name.
constexpr std::string_view kApisOfWriters[] = {"chat/completions", "chat completions",     "/responses",
                                               "responses api",    "/v1/messages",         "generatecontent",
                                               "a decision model", "no decision model",    "decision metadata",
                                               "support decision", "by the decisions api", "with the decisions api"};
constexpr std::string_view kApisOfDecisions[] = {"/decisions", "decisions api", "/systemone", "decision model"};

constexpr std::size_t kLongestPlainError = 4096;  // bytes that are looked at
constexpr int kMostListed = 3;                    // errors of a list that are shown

bool is_about_the_model(int status) { return status == 400 || status == 404 || status == 405 || status == 422; }

bool names_any(const ProviderError& error, std::span<const std::string_view> words) {
  const std::string message = to_lower_ascii(error.message);
  return std::ranges::any_of(words, [&](std::string_view word) { return message.find(word) != std::string::npos; });
}

std::string words_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return {};
}

// "404", or the word's own.
const CodeMeaning* meaning_of(std::string_view code) {
  const std::string wanted = to_lower_ascii(code);
  const auto found = std::ranges::find(kCodes, wanted, &CodeMeaning::code);
  return found == std::end(kCodes) ? nullptr : &*found;
}

int status_in(std::string_view code) {
  int status = 0;
  const auto [end, failed] = std::from_chars(code.data(), code.data() + code.size(), status);
  return failed == std::errc{} && end == code.data() + code.size() && status >= 400 && status < 600 ? status : 0;
}

// The more telling of two codes: one with a meaning before a number or a mere class of errors.
void offer_code(ProviderError& error, const std::string& code) {
  if (code.empty()) return;
  const CodeMeaning* offered = meaning_of(code);
  if (offered != nullptr && error.status == 0) error.status = offered->status;
  if (error.status == 0) error.status = status_in(code);
  const CodeMeaning* had = meaning_of(error.code);
  const bool tells_more = offered != nullptr && offered->cause != Cause::unnamed;
  const bool had_told = had != nullptr && had->cause != Cause::unnamed;
  const bool is_only_a_number = status_in(error.code) != 0 && status_in(code) == 0;
  if (error.code.empty() || is_only_a_number || (tells_more && !had_told)) error.code = code;
}

void read_google_detail(const json& detail, ProviderError& error) {
  const std::string type = text_of(detail, "@type");
  if (type.ends_with("RetryInfo")) error.retry_after = parse_duration(text_of(detail, "retryDelay"));
  if (type.ends_with("ErrorInfo")) offer_code(error, text_of(detail, "reason"));
  if (!type.ends_with("QuotaFailure") || !member(detail, "violations").is_array()) return;
  for (const json& violation : member(detail, "violations")) {
    if (text_of(violation, "quotaId").find("PerDay") != std::string::npos) offer_code(error, "daily_quota");
  }
}

// Google lists details; Anthropic has one object with a finer code.
void read_details(const json& details, ProviderError& error) {
  if (details.is_object()) offer_code(error, text_of(details, "error_code"));
  if (!details.is_array()) return;
  for (const json& detail : details) read_google_detail(detail, error);
}

void read_inner(const json& inner, ProviderError& error) {
  error.message = text_of(inner, "message");
  error.parameter = text_of(inner, "param");
  for (const char* name : {"code", "status", "type"}) offer_code(error, words_of(member(inner, name)));
  read_details(member(inner, "details"), error);

  // Azure's finer error, by itself or as LiteLLM hands it through.
  offer_code(error, text_of(member(inner, "innererror"), "code"));
  offer_code(error, text_of(member(member(inner, "provider_specific_fields"), "innererror"), "code"));
  // OpenRouter says of its moderation which part was flagged.
  if (!member(member(inner, "metadata"), "flagged_input").is_null()) error.cause = Cause::filtered;
  error.said = text_of(inner, "failed_generation");
}

// FastAPI's `detail` is a sentence, or a list of what is wrong with which part of the request.
std::string sentence_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  for (const char* name : {"message", "msg", "detail", "error", "reason", "title"}) {
    if (std::string text = text_of(value, name); !text.empty()) {
      std::string place;
      if (member(value, "loc").is_array()) {
        for (const json& step : member(value, "loc")) place += (place.empty() ? "" : ".") + words_of(step);
      }
      return place.empty() ? text : fmt::format("{}: {}", place, text);
    }
  }
  return {};
}

std::string sentences_of(const json& list) {
  std::string text;
  int shown = 0;
  for (const json& each : list) {
    const std::string sentence = sentence_of(each);
    if (sentence.empty() || ++shown > kMostListed) continue;
    text += (text.empty() ? "" : "; ") + sentence;
  }
  return text;
}

// Not wrapped in {"error": …}: Mistral, FastAPI's servers, RFC 9457, Cohere, Cloudflare.
void read_bare(const json& body, ProviderError& error) {
  for (const char* name : {"message", "detail", "errors", "title", "error_description"}) {
    const json& value = member(body, name);
    std::string text = value.is_array() ? sentences_of(value) : sentence_of(value);
    if (text.empty()) text = sentences_of(member(value, "detail"));  // Mistral puts FastAPI's list into its message
    if (error.message.empty()) error.message = text;
  }
  for (const char* name : {"detail", "message"}) {  // vLLM and LiteLLM's routes nest one error in another
    const json& value = member(body, name);
    if (!value.is_object()) continue;
    offer_code(error, words_of(member(value, "code")));
    offer_code(error, words_of(member(value, "error_type")));  // TypeSafe's
  }
  const json& listed = member(body, "errors");
  if (listed.is_array() && !listed.empty()) offer_code(error, words_of(member(listed[0], "code")));
  for (const char* name : {"code", "status", "type"}) offer_code(error, words_of(member(body, name)));
  error.parameter = text_of(body, "param");
  error.is_error = !error.message.empty();
  error.is_its_own = error.is_error && !error.code.empty();
}

// "You will regain access on 2026-04-01 at 00:00 UTC."
std::optional<std::chrono::sys_days> day_named_in(std::string_view message) {
  for (std::size_t at = 0; at + 10 <= message.size(); ++at) {
    int year = 0;
    unsigned month = 0, day = 0;
    const char* const text = message.data() + at;
    const auto reads = [&](std::size_t from, std::size_t to, auto& value) {
      const auto [end, failed] = std::from_chars(text + from, text + to, value);
      return failed == std::errc{} && end == text + to;
    };
    if (text[4] != '-' || text[7] != '-' || !reads(0, 4, year) || !reads(5, 7, month) || !reads(8, 10, day)) continue;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    if (date.ok() && year >= 2000) return std::chrono::sys_days(date);
  }
  return std::nullopt;
}

// What an HTML page calls itself; empty where the text is no HTML page.
std::string page_name(const std::string& page) {
  const std::string lower = to_lower_ascii(page);
  if (lower.find("<html") == std::string::npos && lower.find("<!doctype html") == std::string::npos) return "";

  const std::size_t title = lower.find("<title>");
  const std::size_t end = lower.find("</title>");
  if (title == std::string::npos || end == std::string::npos || end < title + 7) return "an HTML page";
  const std::string name(trimmed(page.substr(title + 7, end - title - 7)));
  return name.empty() || first_invalid_utf8(name) ? "an HTML page" : "an HTML page, '" + name + "'";
}

void interpret(ProviderError& error) {
  const std::string message = to_lower_ascii(error.message);
  if (const CodeMeaning* meaning = meaning_of(error.code); meaning != nullptr && error.cause == Cause::unnamed)
    error.cause = meaning->cause;

  for (const Phrase& phrase : kPhrases) {
    if (error.cause != Cause::unnamed) break;
    if (message.find(phrase.text) == std::string::npos) continue;
    // A parameter is deprecated in the same words as a model.
    const bool is_of_model =
        message.find("model") != std::string::npos && (error.parameter.empty() || error.parameter == "model");
    if (phrase.cause == Cause::retired_model && !is_of_model) continue;
    error.cause = phrase.cause;
    if (!phrase.code.empty()) error.code = phrase.code;
  }

  if (const CodeMeaning* meaning = meaning_of(error.code)) error.renewal = meaning->renewal;
  if (error.cause == Cause::quota) error.resumes_on = day_named_in(error.message);
  // A policy refuses the question, not the account, whatever number stands beside it.
  if (error.cause == Cause::filtered) error.status = 400;
}

}  // namespace

ProviderError read_error(const json& body) {
  const json& outer = body.is_array() && !body.empty() ? body[0] : body;
  const json& choices = member(outer, "choices");
  // OpenRouter puts what broke off an answer beside its choice.
  const json& in_choice = choices.is_array() && !choices.empty() ? member(choices[0], "error") : member(outer, "error");
  const json& inner = member(outer, "error").is_null() ? in_choice : member(outer, "error");
  ProviderError error;
  const bool is_none = inner.is_null() || inner == false || (inner.is_string() && words_of(inner).empty());
  error.is_error = error.is_its_own = !is_none;
  if (inner.is_string()) {  // xAI: {"code": "…", "error": "…"}
    error.message = inner.get<std::string>();
    offer_code(error, words_of(member(outer, "code")));
  } else if (inner.is_object()) {
    read_inner(inner, error);
  } else if (outer.is_object()) {
    read_bare(outer, error);
  }
  if (error.is_error) interpret(error);
  return error;
}

ProviderError read_plain_error(std::string_view body) {
  std::string text(body.substr(0, kLongestPlainError));
  const auto broken = first_invalid_utf8(text);
  if (broken && body.size() > text.size() && *broken + 4 > text.size()) text.resize(*broken);  // cut by ourselves

  if (std::string name = page_name(text); !name.empty()) text = std::move(name);
  if (first_invalid_utf8(text)) text = "bytes that are not text";

  ProviderError error;
  error.message = text.substr(0, text.find_last_not_of(kWhiteSpace) + 1);
  interpret(error);
  return error;
}

// llama.cpp answers 501; hosted services answer a wrong model with a 4xx that names where it is asked.
bool is_no_decision_model(const ProviderError& error, int status) {
  if (status == 501) return true;
  return is_about_the_model(status) && names_any(error, kApisOfWriters);
}

bool is_decision_model(const ProviderError& error, int status) {
  return is_about_the_model(status) && names_any(error, kApisOfDecisions);
}

std::optional<std::chrono::sys_days> day_to_go_on(const ProviderError& error,
                                                  std::optional<std::chrono::milliseconds> wait, SystemTime now) {
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::sys_days;
  // A date in the past is another one, e.g. in a model's name.
  if (error.resumes_on && *error.resumes_on >= floor<days>(now)) return error.resumes_on;
  // A month's limit is not over in the seconds that a rate limit would ask for.
  const bool is_long = wait && *wait > std::chrono::hours(1);
  if (wait && (is_long || error.renewal == Renewal::unknown)) return floor<days>(now + *wait);
  if (error.renewal == Renewal::monthly) {
    const std::chrono::year_month_day today(floor<days>(now));
    return sys_days((today.year() / today.month() + std::chrono::months(1)) / 1);
  }
  // Google's days begin at midnight in California, at the latest at 08:00 UTC.
  if (error.renewal == Renewal::daily) return floor<days>(now - std::chrono::hours(8)) + days(1);
  return std::nullopt;
}

}  // namespace heretix
