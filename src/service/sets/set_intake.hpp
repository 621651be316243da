// Takes in a set: prepares a check for each claim and model, finds what is stored already, charges the rest at once and
// enqueues it, all in one transaction. Each check is then one like any other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/intake/intake.hpp"
#include "service/sets/set_file.hpp"
#include "service/sets/set_store.hpp"

namespace heretix {

// What becomes of claims that are questions.
enum class Questions { leave_out, ask };
inline constexpr WordTable<Questions, 2> kQuestionsWords{
    {{Questions::leave_out, "leave_out"}, {Questions::ask, "ask"}}};
constexpr std::string_view to_word(Questions questions) { return kQuestionsWords.word(questions); }

struct SetWish {
  std::string name;
  std::vector<std::string> models;
  CheckWish each;                        // how every claim is asked; its claim and model are not read
  std::optional<Questions> questions{};  // empty: not decided yet
};

// What a model would ask and cost for the claims of a set.
struct ModelQuote {
  std::string model;
  std::size_t questions = 0;        // the most
  std::optional<Usd> most{};        // empty: no price is known
  std::int64_t stored = 0;          // checks that a stored result of one's own answers
  std::optional<double> seconds{};  // that a check took lately; empty: nobody knows
};

struct SetQuote {
  std::vector<ModelQuote> models{};
  std::vector<RefusedSetLine> refused{};  // that no prompt can hold, for example
  std::int64_t checks = 0;  // of all claims and models
  bool needs_plan = false;
};

struct AcceptedSet {
  SetId id;
  bool was_replayed = false;
};

class SetIntake {
 public:
  SetIntake(Database& database, Intake& intake, const Secret& secret)
      : database_(database), intake_(intake), secret_(secret) {}

  // Asks and stores nothing. Questions count as asked until that is decided. Throws Error{bad_input} for no models, one
  // that is named twice or too many, and what Intake::prepare() throws of a model or a depth.
  SetQuote quote(const SetFile& file, const SetWish& wish, const User& user);

  // Lines that are refused are left out. Throws Error{bad_input}, as quote() does, while questions are not decided on,
  // and if no line is left; NotGranted, also where the plan has fewer checks left than the set needs; too_many.
  AcceptedSet accept(const SetFile& file, const SetWish& wish, const Asker& asker, const IdempotencyKey& idempotency);

  // Cancels what waits and asks what runs to stop. False: nothing is under way.
  bool cancel(const SetId& id);

 private:
  PreparedCheck prepare(const std::string& claim, const std::string& model, const SetWish& wish) const;
  std::optional<RefusedSetLine> why_not(const SetLine& line, const SetWish& wish) const;
  void require_models(const SetWish& wish) const;
  void write(const SetId& id, const std::vector<SetLine>& lines, const SetWish& wish, const Asker& asker);

  Database& database_;
  Intake& intake_;
  const Secret& secret_;
};

}  // namespace heretix
