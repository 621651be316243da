#include "service/decisions/desks.hpp"

#include "measure/systemone/noul_runs.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMostConnections = 8;  // of a desk, to Postgres

}  // namespace

// A desk with what it borrows.
struct Desks::Made {
  std::unique_ptr<Provider> provider;
  std::unique_ptr<Database> store;
  std::unique_ptr<DatabasePool> connections;  // null: steps share `store`
  std::unique_ptr<DecisionDesk> desk;         // last: its thread uses the others
};

std::shared_ptr<Desks::Made> Desks::make(const std::string& model) const {
  auto made = std::make_shared<Made>();
  made->provider = parts_.make_provider(model);
  made->store = parts_.open_store();

  DeskPorts ports{.provider = *made->provider,
                  .banks = parts_.banks,
                  .database = *made->store,
                  .clock = parts_.clock,
                  .on_execution = parts_.on_execution};
  if (parts_.is_postgres) {
    made->connections = std::make_unique<DatabasePool>(parts_.open_store, kMostConnections);
    ports.connections = made->connections.get();
    ports.most_connections = kMostConnections;
    ports.open_runs = [](Database& store) { return std::make_unique<NoulRuns>(store); };
  }

  // What somebody is shown stands in their own row. Nothing is kept in memory, so that what was removed is not
  // answered.
  const DeskOptions options{.most_for_step = parts_.most_per_check, .most_kept = 0};
  made->desk = std::make_unique<DecisionDesk>(ports, options);
  return made;
}

std::shared_ptr<DecisionDesk> Desks::of(const std::string& model) {
  const std::string today = utc_day(unix_seconds(parts_.clock.now()));
  const std::lock_guard lock(mutex_);
  OfToday& found = desks_[model];
  if (!found.desk || found.day != today) {
    auto made = make(model);
    DecisionDesk* desk = made->desk.get();
    found = {today, std::shared_ptr<DecisionDesk>(std::move(made), desk)};
  }
  return found.desk;
}

}  // namespace heretix
