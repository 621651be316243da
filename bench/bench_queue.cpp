// Jobs claimed and finished one by one on a Postgres: `bench_queue ADDRESS JOBS THREADS`. The peer is the machine: the
// same statements' round trips, without any row.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "service/queue/queue.hpp"
#include "store/postgres/postgres_database.hpp"

namespace {

using namespace heretix;

double seconds_of(int threads, const std::function<void(Database&)>& work, const PostgresAddress& address) {
  std::vector<std::unique_ptr<PostgresDatabase>> connections;
  for (int i = 0; i < threads; ++i) connections.push_back(std::make_unique<PostgresDatabase>(address));
  const auto started = std::chrono::steady_clock::now();
  std::vector<std::thread> running;
  for (auto& connection : connections) running.emplace_back([&] { work(*connection); });
  for (std::thread& thread : running) thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const PostgresAddress address = parse_postgres_address(arguments[1], "ADDRESS");
  const int jobs = std::stoi(arguments[2]), threads = std::stoi(arguments[3]);

  PostgresDatabase setup(address);
  setup.execute("DELETE FROM jobs WHERE kind = 'bench'");
  {
    Transaction transaction(setup, Isolation::beside_others);
    for (int i = 0; i < jobs; ++i)
      Queue(setup).enqueue({.kind = "bench", .unique_key = std::to_string(i), .payload = "{}"});
    transaction.commit();
  }

  std::atomic<int> done{0};
  const double ours = seconds_of(
      threads,
      [&](Database& database) {
        Queue queue(database);
        while (const auto job = queue.claim({"bench"}, LeaseToken("bench-" + random_hex(16)))) {
          if (queue.finish(job->lease_token)) ++done;
        }
      },
      address);

  const double peer = seconds_of(
      threads,
      [&](Database& database) {
        for (int i = 0; i < jobs / threads; ++i) {
          database.query("SELECT 1 AS one");
          database.query("SELECT 1 AS one");
          database.query("SELECT 1 AS one");
        }
      },
      address);

  fmt::print(
      "{} jobs claimed and finished by {} threads: {:.0f} a second; three empty round trips each: {:.0f} a second\n",
      done.load(), threads, done / ours, jobs / peer);
  return done == jobs ? 0 : 1;
}
