#include "cli/served_names.hpp"

#include <filesystem>

#include "store/sqlite/sqlite_database.hpp"

namespace heretix {
namespace {

constexpr const char* kServiceFile = "heretix-app.sqlite";  // beside the store, where serve makes it
constexpr std::chrono::milliseconds kReadTimeout{5'000};
constexpr std::string_view kFind =
    "SELECT q.execution_id FROM check_requests q JOIN checks c ON c.id = q.check_id WHERE c.run_id = :run";

}  // namespace

std::optional<ExecutionId> execution_served_as(const RunId& run_id, const std::string& store_path) {
  const auto path = std::filesystem::path(store_path).parent_path() / kServiceFile;
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return std::nullopt;

  SqliteDatabase service(path.string(), {.access = Access::read_only, .busy_timeout = kReadTimeout});
  if (!service.has_table("check_records")) return std::nullopt;  // of an older program, or no file of the service
  const auto found = service.query(kFind, {{":run", run_id}});
  return found.empty() ? std::nullopt : found[0].id_if_any<ExecutionId>("execution_id");
}

}  // namespace heretix
