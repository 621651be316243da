#include <fmt/format.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "models/scripted/scripted_provider.hpp"

namespace heretix {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& place, const std::string& what) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", place, what),
              "docs/scripted.md lists what a script may contain");
}

void require_fields(const json& object, const std::string& place, const std::set<std::string>& known) {
  if (!object.is_object()) refuse(place, "not a JSON object");
  for (const auto& item : object.items()) {
    if (!known.contains(item.key())) refuse(place, fmt::format("unknown field '{}'", item.key()));
  }
}

template <class T>
std::optional<T> field(const json& object, const std::string& place, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  try {
    return found->get<T>();
  } catch (const json::exception&) { refuse(place, fmt::format("'{}' has the wrong type", name)); }
}

std::chrono::milliseconds milliseconds_of(const json& object, const std::string& place, const char* name) {
  const long value = field<long>(object, place, name).value_or(0);
  if (value < 0 || value > 600'000) refuse(place, fmt::format("'{}' is {}, must be from 0 to 600000", name, value));
  return std::chrono::milliseconds(value);
}

Ending ending_of(const std::string& word, const std::string& place) {
  if (word == "complete") return Ending::complete;
  if (word == "length") return Ending::length;
  if (word == "refused") return Ending::refused;
  if (word == "filtered") return Ending::filtered;
  refuse(place, fmt::format("ending is '{}'; it must be complete, length, refused or filtered", word));
}

struct Fault {
  std::string_view word;
  ErrorKind kind;
  std::string_view message;
};
constexpr std::array kFaults = {
    Fault{"rate_limited", ErrorKind::unavailable, "429: too many requests"},
    Fault{"unavailable", ErrorKind::unavailable, "503: the model is overloaded"},
    Fault{"lost_reply", ErrorKind::in_doubt, "the connection broke before the reply was read whole"},
    Fault{"bad_key", ErrorKind::not_allowed, "401: the key was refused"},
    Fault{"bad_request", ErrorKind::bad_input, "400: the request was refused"},
};

void read_fault(ScriptedRule& rule, const std::string& word, const std::string& place) {
  for (const Fault& fault : kFaults) {
    if (fault.word != word) continue;
    rule.fails = fault.kind;
    rule.failure = fault.message;
    return;
  }
  refuse(place,
         fmt::format("fail is '{}'; it must be rate_limited, unavailable, lost_reply, bad_key or bad_request", word));
}

ScriptedRule rule_from(const json& object, const std::string& place, std::chrono::milliseconds delay) {
  require_fields(object, place,
                 {"paraphrase_idx", "replicate_idx", "attempt", "user_contains", "every", "prob_true", "text", "ending",
                  "fail", "retry_after_ms", "delay_ms", "truncated"});
  ScriptedRule rule;
  rule.paraphrase_idx = field<int>(object, place, "paraphrase_idx");
  rule.replicate_idx = field<int>(object, place, "replicate_idx");
  rule.attempt = field<int>(object, place, "attempt");
  rule.every = field<int>(object, place, "every");
  if (rule.every && *rule.every < 1) refuse(place, "'every' must be at least 1");
  rule.user_contains = field<std::string>(object, place, "user_contains").value_or("");
  rule.prob_true = field<double>(object, place, "prob_true");
  rule.text = field<std::string>(object, place, "text");
  rule.ending = ending_of(field<std::string>(object, place, "ending").value_or("complete"), place);
  if (const auto word = field<std::string>(object, place, "fail")) read_fault(rule, *word, place);
  if (object.contains("retry_after_ms")) rule.retry_after = milliseconds_of(object, place, "retry_after_ms");
  rule.delay = object.contains("delay_ms") ? milliseconds_of(object, place, "delay_ms") : delay;
  rule.truncated = field<bool>(object, place, "truncated").value_or(false);
  return rule;
}

// A number of at most `most` in size, and what it is where it is left out.
struct NumberField {
  const char* name;
  double otherwise;
  double most;
};

double number_in(const json& object, const std::string& place, const NumberField& wanted) {
  const double value = field<double>(object, place, wanted.name).value_or(wanted.otherwise);
  if (!(std::abs(value) <= wanted.most)) {
    refuse(place, fmt::format("'{}' is {}; it must be from {} to {}", wanted.name, value, -wanted.most, wanted.most));
  }
  return value;
}

ScriptedCompany company_from(const json& object, const std::string& place) {
  require_fields(object, place, {"most", "together", "reversed", "renamed"});
  ScriptedCompany company;
  const long most = field<long>(object, place, "most").value_or(static_cast<long>(company.most));
  if (most < 1 || most > kMaxTogether) refuse(place, fmt::format("'most' must be from 1 to {}", kMaxTogether));
  company.most = static_cast<std::size_t>(most);
  company.together = number_in(object, place, {.name = "together", .otherwise = 0, .most = 1});
  company.reversed = number_in(object, place, {.name = "reversed", .otherwise = 0, .most = 1});
  company.renamed = number_in(object, place, {.name = "renamed", .otherwise = 0, .most = 1});
  return company;
}

}  // namespace

Script load_script(const std::string& path) {
  const auto content = content_of_file(path);
  if (!content)
    throw Error(ErrorKind::not_found, fmt::format("cannot read the script {}", path), "check the path after scripted:");

  const std::string& text = *content;
  const json root = json::parse(text, nullptr, false);
  if (root.is_discarded()) refuse(path, "not JSON");
  require_fields(root, path,
                 {"model", "concurrency", "price_micro_usd", "delay_ms", "ledger", "rules", "company", "noise"});

  Script script;
  script.sha256 = sha256_hex(text);
  script.model = ModelName(field<std::string>(root, path, "model").value_or(std::filesystem::path(path).stem()));

  const long concurrency = field<long>(root, path, "concurrency").value_or(8);
  if (concurrency < 1 || concurrency > 1000) refuse(path, "'concurrency' must be from 1 to 1000");
  script.concurrency = static_cast<std::size_t>(concurrency);

  script.price = Usd::from_micros(field<long>(root, path, "price_micro_usd").value_or(0));
  script.delay = milliseconds_of(root, path, "delay_ms");
  script.ledger = field<std::string>(root, path, "ledger").value_or("");
  if (root.contains("company")) script.company = company_from(root["company"], path + ": company");
  script.noise = number_in(root, path, {.name = "noise", .otherwise = script.noise, .most = 100});

  const json rules = root.value("rules", json::array());
  if (!rules.is_array()) refuse(path, "'rules' must be a list");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    script.rules.push_back(rule_from(rules[i], fmt::format("{}: rule {}", path, i), script.delay));
  }

  return script;
}

}  // namespace heretix
