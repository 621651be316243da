#include "service/sets/set_intake.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/random.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kInOneRoundTrip = 250;
constexpr std::size_t kMostNamed = 10;  // lines that a message names
constexpr RateLimit kSetsOfUser{30, std::chrono::hours(1)};

// Without claims: each stands in its own row, and goes with it.
std::string request_text(const SetWish& wish) {
  const CheckWish& each = wish.each;
  json text = {{"depth", kDepthWords.word(each.depth)}, {"fresh", each.fresh}};
  if (each.slots) text["K"] = *each.slots;
  if (each.replicates) text["R"] = *each.replicates;
  if (each.templates) text["T"] = *each.templates;
  if (each.readout) text["readout"] = to_word(*each.readout);
  if (each.seed) text["seed"] = *each.seed;
  return text.dump();
}

std::string lines_named(const std::vector<int>& lines) {
  const auto named = std::min(lines.size(), kMostNamed);
  std::string text = fmt::format("{}", fmt::join(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(named), ", "));
  return named < lines.size() ? fmt::format("{} and {} more", text, lines.size() - named) : text;
}

std::vector<SetLine> lines_to_ask(const SetFile& file, const SetWish& wish) {
  std::vector<SetLine> lines = file.lines;
  if (wish.questions == Questions::leave_out) std::erase_if(lines, &SetLine::is_question);
  return lines;
}

void require_decided(const SetFile& file, const SetWish& wish) {
  if (wish.questions) return;
  std::vector<int> lines;
  for (const SetLine& line : file.lines) {
    if (line.is_question) lines.push_back(line.line);
  }
  if (lines.empty()) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} {} in {} {}", lines.size(),
                          lines.size() == 1 ? "claim is a question," : "claims are questions,",
                          lines.size() == 1 ? "line" : "lines", lines_named(lines)),
              "\"questions\": \"leave_out\" measures the others, \"ask\" measures them as they are");
}

}  // namespace

PreparedCheck SetIntake::prepare(const std::string& claim, const std::string& model, const SetWish& wish) const {
  CheckWish each = wish.each;
  each.claim = claim;
  each.model = model;
  each.allow_question = true;
  return intake_.prepare(each);
}

// With a claim that can be measured, so that whatever is wrong then is wrong with the model or the depth.
void SetIntake::require_models(const SetWish& wish) const {
  if (wish.models.empty()) throw Error(ErrorKind::bad_input, "the set names no model", "choose at least one");
  if (wish.models.size() > kMostSetModels)
    throw Error(ErrorKind::bad_input,
                fmt::format("the set names {} models; at most {} are allowed", wish.models.size(), kMostSetModels),
                "make another set of the others");
  if (std::set<std::string>(wish.models.begin(), wish.models.end()).size() < wish.models.size())
    throw Error(ErrorKind::bad_input, "the set names a model twice", "name each of them once");
  for (const std::string& model : wish.models) prepare("A claim", model, wish);
}

// Empty: every model can be asked about the line.
std::optional<RefusedSetLine> SetIntake::why_not(const SetLine& line, const SetWish& wish) const {
  try {
    for (const std::string& model : wish.models) prepare(line.claim, model, wish);
    return std::nullopt;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::bad_input) throw;
    return RefusedSetLine{line.line, e.what()};
  }
}

SetQuote SetIntake::quote(const SetFile& file, const SetWish& wish, const User& user) {
  require_models(wish);
  SetQuote quote;
  for (const std::string& model : wish.models)
    quote.models.push_back({.model = model,
                            .most = Usd(),
                            .seconds = Sets(database_).seconds_of_check(
                                user.id, prepare("A claim", model, wish).plan.recipe.model)});

  std::vector<Query> searches;  // of the model at the same place in `of`
  std::vector<ModelQuote*> of;
  const auto look = [&] {
    const auto found = database_.query_all(searches);
    for (std::size_t i = 0; i < found.size(); ++i) of[i]->stored += found[i].empty() ? 0 : 1;
    searches.clear();
    of.clear();
  };

  for (const SetLine& line : lines_to_ask(file, wish)) {
    if (auto refused = why_not(line, wish)) {
      quote.refused.push_back(std::move(*refused));
      continue;
    }
    for (ModelQuote& of_model : quote.models) {
      const PreparedCheck prepared = prepare(line.claim, of_model.model, wish);
      const Quote of_check = intake_.quote_of(prepared);
      of_model.questions += of_check.questions;
      if (!of_check.most) of_model.most.reset();
      if (of_model.most) *of_model.most += *of_check.most;
      quote.needs_plan = quote.needs_plan || of_check.needs_plan;
      quote.checks += 1;
      if (!prepared.search) continue;
      searches.push_back(ResultCache::query_for(*prepared.search, user.id));
      of.push_back(&of_model);
    }
    if (searches.size() >= kInOneRoundTrip) look();
  }
  look();
  return quote;
}

void SetIntake::write(const SetId& id, const std::vector<SetLine>& lines, const SetWish& wish, const Asker& asker) {
  const CheckOwner owner = asker.owner();

  // What is stored is looked for first, because only the rest is granted and charged.
  std::vector<std::optional<CachedResult>> stored;
  std::int64_t charged = 0;
  for (const SetLine& line : lines) {
    for (const std::string& model : wish.models) {
      const PreparedCheck prepared = prepare(line.claim, model, wish);
      auto found = prepared.search ? ResultCache(database_).find(*prepared.search, owner) : std::nullopt;
      if (!found) intake_.require_granted(prepared, asker);
      charged += found ? 0 : 1;
      stored.push_back(std::move(found));
    }
  }
  std::optional<std::string> ledger_row;
  if (charged > 0) ledger_row = intake_.charge_user(*asker.user(), charged);

  Sets(database_).insert({.id = id,
                          .user_id = asker.user()->id,
                          .name = wish.name,
                          .models = wish.models,
                          .request = request_text(wish)},
                         lines);
  std::vector<Query> queries;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const std::size_t number = i / wish.models.size();
    const std::size_t model = i % wish.models.size();
    const PreparedCheck prepared = prepare(lines[number].claim, wish.models[model], wish);
    NewServedCheck check = intake_.new_check(prepared, owner);
    if (stored[i]) {
      std::ranges::move(ServedChecks::cached_insertions(check, prepared.plan, prepared.job.request.seed,
                                                        *stored[i]),
                        std::back_inserter(queries));
    } else {
      check.charged_to = ChargedTo::user;
      check.ledger_id = ledger_row;
      intake_.enqueue(prepared, check);
    }
    queries.push_back(Sets::cell_insertion(id, static_cast<std::int64_t>(number), model, check.id));
    if (queries.size() < kInOneRoundTrip) continue;
    database_.query_all(queries);
    queries.clear();
  }
  database_.query_all(queries);
}

AcceptedSet SetIntake::accept(const SetFile& file, const SetWish& wish, const Asker& asker,
                              const IdempotencyKey& idempotency) {
  require_models(wish);
  require_decided(file, wish);
  std::vector<SetLine> lines = lines_to_ask(file, wish);
  std::erase_if(lines, [&](const SetLine& line) { return why_not(line, wish).has_value(); });
  if (lines.empty())
    throw Error(ErrorKind::bad_input, "the set has no claim that can be measured",
                file.chosen.claim->empty() ? "choose the column of the claims" : "see what is wrong with its lines");

  AcceptedSet accepted;
  in_transaction(
      database_,
      [&] {
        if (const auto known = intake_.replayed(asker.owner(), idempotency)) {
          accepted = {.id = SetId{*known}, .was_replayed = true};
          return;
        }
        // Checks from stored results cost nothing, but their rows are kept for months.
        if (!count_event(database_, "sets.user", secret_.hash("rate", asker.user()->id.text()), {kSetsOfUser}))
          throw Error(ErrorKind::too_many,
                      fmt::format("this account made {} sets within an hour, and that is the limit", kSetsOfUser.most),
                      "try again in an hour");
        accepted = {.id = SetId{new_uuid()}};
        try {
          write(accepted.id, lines, wish, asker);
        } catch (const Error& e) {
          // The last check that showed a stored record was removed meanwhile, so the transaction begins anew.
          if (e.kind() != ErrorKind::conflict) throw;
          throw TransactionLost(ErrorKind::conflict, e.what(), e.hint());
        }
        intake_.remember(asker.owner(), idempotency, accepted.id.text());
      },
      {.isolation = Isolation::beside_others});
  return accepted;
}

bool SetIntake::cancel(const SetId& id) {
  const std::vector<CheckId> checks = Sets(database_).under_way(id);
  bool is_any = false;
  for (std::size_t begin = 0; begin < checks.size(); begin += kInOneRoundTrip) {
    in_transaction(database_,
                   [&] {
                     const std::size_t end = std::min(checks.size(), begin + kInOneRoundTrip);
                     for (std::size_t i = begin; i < end; ++i) is_any = intake_.cancel_within(checks[i]) || is_any;
                   },
                   {.isolation = Isolation::beside_others});
  }
  return is_any;
}

}  // namespace heretix
