#include "measure/systemone/decision_store.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/version.hpp"
#include "belief/record/record.hpp"

namespace heretix {
namespace {

constexpr std::string_view kBest =
    "SELECT answer_json FROM heretix_decisions WHERE decision_key = :key AND model = :model AND mode = :mode AND form "
    "= "
    ":form AND bank = :bank AND wordings <= :most ORDER BY wordings DESC LIMIT 1";
constexpr std::string_view kKeep =
    "INSERT INTO heretix_decisions (decision_id, decision_key, model, mode, form, method, bank, wordings, created_at, "
    "program_version, state, question_json, bank_json, answer_json) VALUES (:id, :key, :model, :mode, :form, :method, "
    ":bank, :wordings, :now, :version, :state, :question, :bank_json, :answer) ON CONFLICT DO NOTHING";
constexpr std::string_view kFind = "SELECT * FROM heretix_decisions WHERE decision_id = :id";
constexpr std::size_t kDigits = 12;

Bindings named(const std::string& key, const OptionAsked& asked, const PromptBank& bank) {
  return {{":key", key},
          {":model", asked.model},
          {":mode", asked.mode.text()},
          {":form", asked.form},
          {":bank", bank.version}};
}

}  // namespace

std::optional<DecisionAnswer> DecisionStore::best(const std::string& key, const OptionAsked& asked,
                                                  const PromptBank& bank, std::size_t most) {
  Bindings of = named(key, asked, bank);
  of.push_back({":most", static_cast<std::int64_t>(most)});
  const auto found = database_.query(kBest, of);
  if (found.empty()) return std::nullopt;
  return decision_answer_from(nlohmann::json::parse(found[0].required_text("answer_json")));
}

void DecisionStore::keep(const StoredDecision& decision, long long now) {
  Bindings row = named(decision_key(decision.state, decision.question), decision.asked, decision.bank);
  row.push_back({":id", decision.decision_id});
  row.push_back({":method", std::string(to_word(decision.asked.method))});
  row.push_back({":wordings", static_cast<std::int64_t>(decision.wordings)});
  row.push_back({":now", std::int64_t{now}});
  row.push_back({":version", std::string(kVersion)});
  row.push_back({":state", decision.state});
  row.push_back({":question", to_json(decision.question).dump()});
  row.push_back({":bank_json", to_json(decision.bank).dump()});
  row.push_back({":answer", stored_json(decision.answer).dump()});
  in_transaction(database_, [&] { database_.execute(kKeep, row); },
                 {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
}

StoredDecision DecisionStore::find(const std::string& decision_id) {
  const auto found =
      database_.has_table("heretix_decisions") ? database_.query(kFind, {{":id", decision_id}}) : std::vector<Row>{};
  if (found.empty())
    throw Error(ErrorKind::not_found, fmt::format("the store has no decision {}", decision_id),
                "name the store that heretix systemone writes to with --db");
  const Row& row = found[0];
  StoredDecision decision;
  decision.decision_id = decision_id;
  decision.asked.model = row.id<ModelName>("model");
  decision.asked.form = row.required_text("form");
  decision.asked.method =
      row.required_text("method") == to_word(OptionMethod::letters) ? OptionMethod::letters : OptionMethod::statements;
  decision.mode_text = row.required_text("mode");
  decision.state = row.required_text("state");
  decision.question = decision_question_from(nlohmann::json::parse(row.required_text("question_json")));
  decision.bank = bank_from_json(nlohmann::json::parse(row.required_text("bank_json")));
  decision.wordings = static_cast<std::size_t>(row.integer("wordings").value_or(0));
  decision.answer = decision_answer_from(nlohmann::json::parse(row.required_text("answer_json")));
  return decision;
}

std::string decision_id_of(const std::string& key, const OptionAsked& asked, const PromptBank& bank,
                           std::size_t wordings) {
  return "dec-" + sha256_hex(fmt::format("{}|{}|{}|{}|{}|{}", key, asked.model, asked.mode.text(), asked.form,
                                         bank.version, wordings))
                      .substr(0, kDigits);
}

}  // namespace heretix
