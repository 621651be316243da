#include "service/http/log.hpp"

#include <fmt/chrono.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/mail_address.hpp"

namespace heretix::http {
namespace {

spdlog::logger& logger() {
  static const auto made = [] {
    auto log = spdlog::stderr_logger_mt("heretix");
    log->set_pattern("%v");
    log->flush_on(spdlog::level::info);
    return log;
  }();
  return *made;
}

std::string_view word_of(LogLevel level) {
  switch (level) {
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "info";
}

}  // namespace

void log_line(LogLevel level, std::string_view event,
              std::initializer_list<std::pair<std::string_view, LogValue>> fields) {
  const auto now = std::chrono::system_clock::now();
  nlohmann::ordered_json line;
  line["time"] =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(unix_seconds(now)), unix_micros(now) / 1000 % 1000);
  line["level"] = word_of(level);
  line["event"] = event;
  for (const auto& [name, value] : fields) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr) line[std::string(name)] = without_mail_addresses(*text);
    else std::visit([&](const auto& v) { line[std::string(name)] = v; }, value);
  }
  logger().info(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace heretix::http
