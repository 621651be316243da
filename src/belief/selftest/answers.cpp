#include <nlohmann/json.hpp>
#include <string>

#include "belief/answer/verdict.hpp"
#include "belief/selftest/sections.hpp"

namespace heretix::selftest {

using nlohmann::json;

void answers_cases(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    const json& expected = c.at("expected");
    const auto text = c.at("text").get<std::string>();
    const Verdict verdict = read_answer(text, {});
    comparison.same(id + " usable", verdict.usable(), expected.at("usable").get<bool>());
    comparison.same(id + " has a value", verdict.prob_true.has_value(), !expected.at("prob_true").is_null());
    if (verdict.prob_true && !expected.at("prob_true").is_null()) {
      comparison.same_bits(id + " prob_true", verdict.prob_true->value(), expected.at("prob_true"));
    }
    const std::string reason(verdict.reason ? to_word(*verdict.reason) : "");
    comparison.same(id + " reason", reason,
                    expected.at("reason").is_null() ? "" : expected.at("reason").get<std::string>());
  }
}

}  // namespace heretix::selftest
