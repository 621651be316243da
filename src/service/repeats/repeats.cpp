#include "service/repeats/repeats.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/random.hpp"
#include "service/checks/check_job.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kDay = std::chrono::days(1);

constexpr std::string_view kInsert =
    "INSERT INTO repeats (id, user_id, claim, model, wish, every_days, next_at) VALUES (:id, :user, :claim, :model, "
    ":wish, :days, later(:wait))";
constexpr std::string_view kColumns =
    "id, user_id, claim, model, wish, every_days, runs, next_at, last_check_id, trouble, created_at";
constexpr std::string_view kSame =
    "SELECT id FROM repeats WHERE user_id = :user AND claim = :claim AND model = :model LIMIT 1";
constexpr std::string_view kCount = "SELECT count(*) AS repeats FROM repeats WHERE user_id = :user";
constexpr std::string_view kEnd = "DELETE FROM repeats WHERE id = :id AND user_id = :user";
constexpr std::string_view kNote =
    "UPDATE repeats SET runs = :runs, next_at = later(:wait), last_check_id = COALESCE(:check, last_check_id), trouble "
    "= :trouble WHERE id = :id";

Repeat repeat_from(const Row& row) {
  return {.id = row.id<RepeatId>("id"),
          .user_id = row.id<UserId>("user_id"),
          .claim = row.required_text("claim"),
          .model = row.required_text("model"),
          .wish = row.required_text("wish"),
          .every_days = row.integer("every_days").value_or(0),
          .runs = row.integer("runs").value_or(0),
          .next_at = row.required_text("next_at"),
          .last_check_id = row.text("last_check_id") ? std::optional(row.id<CheckId>("last_check_id")) : std::nullopt,
          .trouble = row.text("trouble"),
          .created_at = row.required_text("created_at")};
}

// A plan of its own numbers, unless it climbs the ladder.
json wish_of(const CheckRequest& request, const ModelName& measured_as) {
  json wish = {{"readout", to_word(request.readout)}, {"measured_as", measured_as}};
  if (!request.sampling.ladder) {
    wish["K"] = request.sampling.slots;
    wish["R"] = request.sampling.replicates;
    if (request.sampling.templates) wish["T"] = *request.sampling.templates;
  }
  return wish;
}

double wait_of(std::int64_t days) { return static_cast<double>(days * kDay.count()); }

std::optional<int> number_in(const json& wish, const char* name) {
  return wish.contains(name) ? std::optional(wish.at(name).get<int>()) : std::nullopt;
}

}  // namespace

Repeat Repeats::begin(const UserId& user_id, const ServedCheck& check, std::int64_t every_days) {
  if (every_days < kLeastRepeatDays || every_days > kMostRepeatDays)
    throw Error(ErrorKind::bad_input, fmt::format("every_days is {}; it must be from {} to {}", every_days,
                                                  kLeastRepeatDays, kMostRepeatDays));
  const CheckJob asked = check_job_from(check.request);
  if (!database_.query(kSame, {{":user", user_id}, {":claim", check.claim}, {":model", asked.model}}).empty())
    throw Error(ErrorKind::conflict, "this claim is measured again and again by this model already");
  const auto count = database_.query(kCount, {{":user", user_id}})[0].integer("repeats").value_or(0);
  if (count >= static_cast<std::int64_t>(kMostRepeats))
    throw Error(ErrorKind::limit_reached, fmt::format("you have {} claims that are measured again and again", count),
                "end one of them first");

  Repeat repeat{.id = RepeatId(new_uuid()),
                .user_id = user_id,
                .claim = check.claim,
                .model = asked.model,
                .wish = wish_of(asked.request, check.model).dump(),
                .every_days = every_days};
  database_.execute(kInsert, {{":id", repeat.id},
                              {":user", user_id},
                              {":claim", repeat.claim},
                              {":model", repeat.model},
                              {":wish", repeat.wish},
                              {":days", every_days},
                              {":wait", wait_of(every_days)}});
  enqueue(repeat, 0);
  return find(repeat.id).value();
}

std::vector<Repeat> Repeats::list(const UserId& user_id) {
  std::vector<Repeat> repeats;
  for (const Row& row :
       database_.query(fmt::format("SELECT {} FROM repeats WHERE user_id = :user ORDER BY created_at, id", kColumns),
                       {{":user", user_id}}))
    repeats.push_back(repeat_from(row));
  return repeats;
}

std::optional<Repeat> Repeats::find(const RepeatId& id) {
  const auto found = database_.query(fmt::format("SELECT {} FROM repeats WHERE id = :id", kColumns), {{":id", id}});
  return found.empty() ? std::nullopt : std::optional(repeat_from(found[0]));
}

bool Repeats::end(const UserId& user_id, const RepeatId& id) {
  const auto repeat = find(id);
  if (!repeat || database_.execute(kEnd, {{":id", id}, {":user", user_id}}) == 0) return false;
  Queue(database_).remove(kRepeatJob, fmt::format("{} {}", id, repeat->runs));
  return true;
}

void Repeats::note(const Repeat& repeat, const std::optional<CheckId>& check_id,
                   const std::optional<std::string>& trouble) {
  const std::int64_t runs = repeat.runs + 1;
  const Value check = check_id ? Value(check_id->text()) : Value(std::monostate{});
  const Value told = trouble ? Value(*trouble) : Value(std::monostate{});
  const auto changed = database_.execute(kNote, {{":runs", runs},
                                                 {":wait", wait_of(repeat.every_days)},
                                                 {":check", check},
                                                 {":trouble", told},
                                                 {":id", repeat.id}});
  if (changed > 0) enqueue(repeat, runs);
}

// A job that is done keeps its key for a while, so each has one of its own.
void Repeats::enqueue(const Repeat& repeat, std::int64_t runs) {
  Queue(database_).enqueue({.kind = kRepeatJob,
                            .unique_key = fmt::format("{} {}", repeat.id, runs),
                            .payload = "{}",
                            .delay = kDay * repeat.every_days});
}

std::string measured_as(const Repeat& repeat) { return json::parse(repeat.wish).value("measured_as", repeat.model); }

CheckWish repeated_wish(const Repeat& repeat) {
  const json wish = json::parse(repeat.wish);
  const bool has_plan = wish.contains("K");
  return {.claim = repeat.claim,
          .model = repeat.model,
          .depth = has_plan ? Depth::custom : Depth::standard,
          .slots = number_in(wish, "K"),
          .replicates = number_in(wish, "R"),
          .templates = number_in(wish, "T"),
          .readout = readout_from(wish.at("readout").get<std::string>()),
          .fresh = true,
          .allow_question = true};
}

RepeatedJob repeated_job_of(const ClaimedJob& job) {
  const std::size_t blank = job.unique_key.find(' ');
  return {.id = RepeatId(job.unique_key.substr(0, blank)),
          .number = blank == std::string::npos ? "" : job.unique_key.substr(blank + 1)};
}

}  // namespace heretix
