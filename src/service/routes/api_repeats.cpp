// Claims that their owner wants measured again and again.
#include <array>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "service/repeats/repeats.hpp"
#include "service/routes/service_context.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

constexpr std::int64_t kWeek = 7;

json repeat_json(const Repeat& repeat) {
  return {{"id", repeat.id},
          {"claim", repeat.claim},
          {"model", repeat.model},
          {"measured_as", measured_as(repeat)},
          {"every_days", repeat.every_days},
          {"runs", repeat.runs},
          {"next_at", as_rfc3339(repeat.next_at)},
          {"last_check", repeat.last_check_id ? json(*repeat.last_check_id) : json(nullptr)},
          {"trouble", repeat.trouble ? json(*repeat.trouble) : json(nullptr)},
          {"created_at", as_rfc3339(repeat.created_at)}};
}

ServiceResponse begin_repeat(ServiceContext& /*service*/, Call& call) {
  const ServedCheck& check = readable_check(call);
  if (check.user_id != call.who->user.id)
    throw Error(ErrorKind::not_allowed, "only a check of your own account can be measured again and again");
  if (check.state != CheckState::done) throw Error(ErrorKind::conflict, "the check has no result yet");

  const Body body(call.request, {"every_days"});
  const std::int64_t days = body.optional_integer("every_days", kLeastRepeatDays, kMostRepeatDays).value_or(kWeek);
  std::optional<Repeat> begun;
  in_transaction(call.database, [&] { begun = Repeats(call.database).begin(call.who->user.id, check, days); },
                 {.isolation = Isolation::beside_others});
  return json_response(201, repeat_json(*begun));
}

ServiceResponse list_repeats(ServiceContext& /*service*/, Call& call) {
  json repeats = json::array();
  for (const Repeat& repeat : Repeats(call.database).list(call.who->user.id)) repeats.push_back(repeat_json(repeat));
  return json_response(200, {{"repeats", repeats}});
}

ServiceResponse end_repeat(ServiceContext& /*service*/, Call& call) {
  const std::string& id = call.parameters.at("id");
  bool is_ended = false;
  if (is_uuid(id))
    in_transaction(call.database, [&] { is_ended = Repeats(call.database).end(call.who->user.id, RepeatId(id)); },
                   {.isolation = Isolation::beside_others});
  if (!is_ended) throw Error(ErrorKind::not_found, "there is no such repeat");
  return {.status = 204};
}

}  // namespace

std::span<const Route> repeat_routes() {
  static constexpr std::array kRoutes = {Route{{"POST", "/api/checks/{id}/repeat"}, Audience::user, &begin_repeat},
                                         Route{{"GET", "/api/repeats"}, Audience::user, &list_repeats},
                                         Route{{"DELETE", "/api/repeats/{id}"}, Audience::user, &end_repeat}};
  return kRoutes;
}

}  // namespace heretix::http
