#include "service/decisions/decision_intake.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "belief/decide/model_names.hpp"
#include "service/usage/ledger.hpp"

namespace heretix {
namespace {

std::vector<std::string> keys_of(const DecisionRequest& request) {
  std::vector<std::string> keys;
  keys.reserve(request.questions.size());
  for (const NamedQuestion& named : request.questions)
    keys.push_back(decision_key(request.state, canonical_question(named.question)));
  return keys;
}

bool is_final(const std::optional<DecisionAnswer>& answer) { return answer && answer->asked >= kMostWordings; }

bool is_named(const OfferedModel& model, const std::string& named) {
  const std::vector<std::string> names = names_of_model(model.facts.model, model.name);
  return std::ranges::find(names, named) != names.end();
}

}  // namespace

class DecisionIntake::Waiting {
 public:
  Waiting(DecisionIntake& intake, const UserId& user_id) : intake_(intake), user_id_(user_id) {
    const std::lock_guard lock(intake_.mutex_);
    std::size_t& own = intake_.waiting_of_[user_id];
    if (own >= kMostDecisionRequestsOfUser)
      throw Error(ErrorKind::too_many,
                  fmt::format("{} requests of this account wait for answers, and that is the limit", own));
    if (intake_.waiting_ >= kMostDecisionRequests) {
      if (own == 0) intake_.waiting_of_.erase(user_id);
      throw Error(ErrorKind::unavailable, "too many requests wait for answers");
    }
    ++own;
    ++intake_.waiting_;
  }
  ~Waiting() {
    const std::lock_guard lock(intake_.mutex_);
    --intake_.waiting_;
    if (--intake_.waiting_of_[user_id_] == 0) intake_.waiting_of_.erase(user_id_);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  DecisionIntake& intake_;
  UserId user_id_;
};

const OfferedModel& DecisionIntake::model_of(const std::string& named) const {
  if (is_model_alias(named)) return parts_.models.front();
  const auto found =
      std::ranges::find_if(parts_.models, [&](const OfferedModel& model) { return is_named(model, named); });
  if (found != parts_.models.end()) return *found;

  std::vector<std::string> names;
  for (const OfferedModel& model : parts_.models) names.push_back(model.name);
  throw Error(ErrorKind::not_found,
              fmt::format("the model {} is not served here; this service has {}; jev-latest means {}",
                          on_one_line(shortened(named, 64)), fmt::join(names, ", "), names.front()));
}

DecisionDesk::Answered DecisionIntake::answer(const User& user, const OfferedModel& model,
                                              const DecisionRequest& request) {
  const std::vector<std::string> keys = keys_of(request);
  DecisionLog::Known known;
  {
    const auto database = parts_.databases.borrow();
    DecisionLog log(*database);
    known = log.known(user.id, model.name, keys);
    log.note_asked(user.id, model.name, keys);
  }

  // What the desk is asked for. Two questions of a request may be the same one under two ids.
  Open open{.request = {.model = request.model, .state = request.state, .questions = {}}, .keys = {}};
  std::set<std::string> opened;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto found = known.find(keys[i]);
    if ((found != known.end() && is_final(found->second)) || !opened.insert(keys[i]).second) continue;
    open.request.questions.push_back(request.questions[i]);
    open.keys.push_back(keys[i]);
  }

  DecisionDesk::Answered answered{.is_final = true};
  if (!open.keys.empty()) {
    const Waiting place(*this, user.id);
    const auto desk = parts_.desks.of(model.name);
    require_affordable(model, open, *desk);
    charge(user, model, open);
    answered = desk->answer(open.request);
    keep(user, model, open, answered);
    if (answered.answers.empty()) return answered;
    for (std::size_t i = 0; i < open.keys.size(); ++i) known[open.keys[i]] = answered.answers[i];
  }

  answered.answers.clear();
  for (const std::string& key : keys) answered.answers.push_back(known.at(key).value());
  return answered;
}

void DecisionIntake::require_affordable(const OfferedModel& model, const Open& open, DecisionDesk& desk) const {
  for (const NamedQuestion& named : open.request.questions) {
    const std::optional<Usd> most = desk.most_cost(open.request.state, named.question);
    if (!most)
      throw Error(ErrorKind::bad_input, fmt::format("no price is known for {}; choose another model", model.name));
    if (*most <= parts_.rules.most_per_check) continue;
    throw Error(
        ErrorKind::bad_input,
        fmt::format("the question {} can cost {}; the limit here is {}; choose a cheaper model, or ask less",
                    on_one_line(shortened(named.id, 64)), to_text(*most), to_text(parts_.rules.most_per_check)));
  }
}

void DecisionIntake::charge(const User& user, const OfferedModel& model, const Open& open) {
  const auto database = parts_.databases.borrow();
  DecisionLog log(*database);
  Intake intake(*database, parts_.secret, parts_.banks, parts_.models, parts_.rules);
  in_transaction(*database,
                 [&] {
                   // Whoever holds the lock sees what the account's other requests have charged.
                   if (!Users(*database).lock(user.id)) throw Error(ErrorKind::not_allowed, "the account is closed");
                   const DecisionLog::Known known = log.known(user.id, model.name, open.keys);
                   const auto fresh =
                       std::ranges::count_if(open.keys, [&](const std::string& key) { return !known.contains(key); });
                   if (fresh == 0) return;

                   const std::string row = intake.charge_user(user, fresh);
                   for (std::size_t i = 0; i < open.keys.size(); ++i) {
                     if (known.contains(open.keys[i])) continue;
                     log.begin({.user_id = user.id,
                                .model = model.name,
                                .key = open.keys[i],
                                .state = open.request.state,
                                .question = canonical_question(open.request.questions[i].question),
                                .ledger_id = row});
                   }
                 },
                 {.isolation = Isolation::beside_others});
}

// A measurement that needs more time goes on, and stays charged: the client's next try finds it.
void DecisionIntake::keep(const User& user, const OfferedModel& model, const Open& open,
                          const DecisionDesk::Answered& answered) {
  if (answered.answers.empty() && !answered.failure) return;
  const auto database = parts_.databases.borrow();
  DecisionLog log(*database);
  in_transaction(*database,
                 [&] {
                   for (std::size_t i = 0; i < open.keys.size(); ++i) {
                     if (!answered.answers.empty()) {
                       log.keep(user.id, model.name, open.keys[i], answered.answers[i], model.facts.mode.is_mock());
                     } else if (const auto row = log.give_up(user.id, model.name, open.keys[i])) {
                       Ledger(*database).give_back(*row);
                     }
                   }
                 },
                 {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
}

}  // namespace heretix
