#include "service/routes/check_events.hpp"

#include <nlohmann/json.hpp>

#include "service/checks/served_checks.hpp"

namespace heretix::http {
namespace {

bool ends_the_stream(const CheckEvent& event) {
  if (event.kind != CheckEventKind::state) return false;
  const auto payload = nlohmann::json::parse(event.payload, nullptr, false);
  if (!payload.is_object()) return false;
  const auto state = kCheckStateWords.value(payload.value("state", ""));
  return state && !is_under_way(*state);
}

class CheckEvents final : public EventKeeper {
 public:
  explicit CheckEvents(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  std::vector<StreamEvent> events_after(const std::string& stream, std::int64_t number, std::size_t most) override {
    std::vector<StreamEvent> events;
    for (CheckEvent& event : ServedChecks(*database_).events_after(CheckId{stream}, number, most)) {
      const bool is_last = ends_the_stream(event);
      events.push_back({event.number, std::string(to_word(event.kind)), std::move(event.payload), is_last});
    }
    return events;
  }

  std::vector<std::string> changed_within(std::chrono::seconds time) override {
    std::vector<std::string> checks;
    const auto seconds = static_cast<double>(time.count());
    for (const ServedChecks::Changed& changed : ServedChecks(*database_).changed_within(seconds))
      checks.push_back(changed.id.text());
    return checks;
  }

 private:
  std::unique_ptr<Database> database_;
};

}  // namespace

std::unique_ptr<EventKeeper> keep_check_events(std::unique_ptr<Database> database) {
  return std::make_unique<CheckEvents>(std::move(database));
}

}  // namespace heretix::http
