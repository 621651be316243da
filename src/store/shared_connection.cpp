#include "store/shared_connection.hpp"

#include <utility>

namespace heretix {
namespace {

constexpr std::chrono::milliseconds kLongestGrouping{4};
constexpr std::chrono::milliseconds kLongestPatience{40};  // others may wait for the file

constexpr std::string_view kBeginPart = "SAVEPOINT part_of_group";
constexpr std::string_view kKeepPart = "RELEASE part_of_group";
constexpr std::string_view kDropPart = "ROLLBACK TO part_of_group";

// What one check sees of the connection.
class ForOneCheck final : public Database {
 public:
  explicit ForOneCheck(SharedConnection& shared) : shared_(shared), seen_(shared.version()) {}

  std::int64_t execute(std::string_view sql, const Bindings& bindings) override {
    return shared_.inner().execute(sql, bindings);
  }
  std::vector<std::vector<Row>> query_all(const std::vector<Query>& queries) override {
    return shared_.inner().query_all(queries);
  }
  void begin() override { shared_.begin(); }
  void lock(const std::string& name) override { shared_.inner().lock(name); }
  bool locks_rows() const override { return shared_.inner().locks_rows(); }
  bool try_lock(const std::string& name) override { return shared_.inner().try_lock(name); }
  void commit() override { shared_.commit(); }
  void rollback() noexcept override { shared_.roll_back(); }
  bool has_table(std::string_view name) override { return shared_.inner().has_table(name); }
  std::unique_ptr<HeldName> hold(const std::string& name) override { return shared_.inner().hold(name); }
  bool is_held(const std::string& name) override { return shared_.inner().is_held(name); }
  const void* connection() const override { return shared_.known().connection(); }
  bool changed_elsewhere() override {
    const long version = shared_.version();
    return std::exchange(seen_, version) != version;
  }

 private:
  std::vector<Row> rows_of(std::string_view sql, const Bindings& bindings, Effect effect) override {
    return effect == Effect::reads ? shared_.inner().query(sql, bindings) : shared_.inner().change(sql, bindings);
  }

  SharedConnection& shared_;
  long seen_;
};

}  // namespace

void Baton::take() {
  ++working_;
  mutex_.lock();
}

void Baton::leave() {
  if (--working_ == 0 && awaits_commit_ > 0) idle_.notify_all();
}

void Baton::pass() {
  leave();
  mutex_.unlock();
}

SharedStores::SharedStores(Baton& baton)
    : baton_(baton), sweeper_([this](const std::stop_token& stop) { commit_what_nobody_awaits(stop); }) {}

SharedStores::~SharedStores() {
  sweeper_.request_stop();
  const std::scoped_lock lock(baton_.mutex_);
  begun_.notify_all();
}

std::unique_ptr<Database> SharedStores::for_one_check(Database& connection) {
  auto& shared = connections_[&connection];
  if (!shared) shared = std::make_unique<SharedConnection>(connection, *this);
  return std::make_unique<ForOneCheck>(*shared);
}

void SharedStores::wait(Patience patience) {
  for (const auto& [connection, shared] : connections_) shared->wait(patience);
}

// Such as that a check has begun, which then waits long for its model. The transaction must not stay open for so long.
void SharedStores::commit_what_nobody_awaits(const std::stop_token& stop) {
  std::unique_lock lock(baton_.mutex_);
  while (!stop.stop_requested()) {
    SharedConnection* unawaited = nullptr;
    for (const auto& [connection, shared] : connections_) {
      if (shared->is_unawaited()) unawaited = shared.get();
    }
    if (unawaited == nullptr) {
      begun_.wait(lock);
      continue;
    }

    const long group = unawaited->group_;
    const auto due = unawaited->began_ + kLongestPatience;
    begun_.wait_until(lock, due, [&] { return stop.stop_requested() || std::chrono::steady_clock::now() >= due; });
    if (unawaited->group_ != group || !unawaited->is_unawaited()) continue;
    ++baton_.working_;
    unawaited->commit_group();
    if (const auto failed = unawaited->failed_.find(group); failed != unawaited->failed_.end())
      unawaited->lost_ = failed->second;
    baton_.leave();
  }
}

Database& SharedConnection::inner() {
  if (is_committing_) stores_.baton_.wait(stores_.baton_.idle_, [&] { return !is_committing_; });
  return connection_;
}

void SharedConnection::begin() {
  Database& connection = inner();
  if (!is_open_) {
    connection.begin();
    is_open_ = true;
    parts_ = 0;
  }
  is_within_ = true;
  try {
    connection.execute(kBeginPart);
  } catch (const Error&) {
    roll_back();
    throw;
  }
}

void SharedConnection::commit() {
  connection_.execute(kKeepPart);
  is_within_ = false;
  if (parts_++ > 0) return;
  began_ = std::chrono::steady_clock::now();
  stores_.begun_.notify_all();
}

void SharedConnection::roll_back() noexcept {
  if (!std::exchange(is_within_, false)) return;
  try {
    connection_.execute(kDropPart);
    connection_.execute(kKeepPart);
    if (parts_ > 0) return;
  } catch (const std::exception&) {
    // What others wrote in this group is lost with it: their commit fails.
    failed_[group_] = std::current_exception();
  }
  connection_.rollback();
  is_open_ = parts_ > 0;
}

void SharedConnection::commit_group() {
  Baton& baton = stores_.baton_;
  is_committing_ = true;
  std::exception_ptr failure = failed_.contains(group_) ? failed_[group_] : nullptr;
  if (!failure) {
    const WithoutBaton without(baton);
    try {
      connection_.commit();
    } catch (...) {
      failure = std::current_exception();
      connection_.rollback();
    }
  }
  if (failure) failed_[group_] = failure;
  is_committing_ = false;
  is_open_ = false;
  parts_ = 0;
  ++group_;

  // They count as working from now on, so that the next group waits for them.
  baton.working_ += static_cast<int>(std::exchange(waiting_, 0));
  baton.idle_.notify_all();
}

void SharedConnection::wait(SharedStores::Patience patience) {
  if (lost_) std::rethrow_exception(lost_);
  if (parts_ == 0) return;
  const long mine = group_;
  const bool is_patient = patience == SharedStores::Patience::some;
  const Time latest = began_ + (is_patient ? kLongestPatience : kLongestGrouping);
  Baton& baton = stores_.baton_;
  std::unique_lock lock(baton.mutex_, std::adopt_lock);

  ++waiting_;
  ++baton.awaits_commit_;
  baton.leave();
  while (group_ == mine) {
    const auto is_over = [&] { return group_ != mine; };
    const auto may_begin = [&] { return is_over() || (!is_patient && !is_committing_ && baton.working_ == 0); };
    if (is_committing_) {
      baton.idle_.wait(lock, is_over);
    } else if (baton.idle_.wait_until(lock, latest, may_begin) ? !is_over() : !is_committing_) {
      --waiting_;
      ++baton.working_;
      lock.release();
      commit_group();
      lock = std::unique_lock(baton.mutex_, std::adopt_lock);
    }
  }
  --baton.awaits_commit_;
  lock.release();

  if (failed_.contains(mine)) std::rethrow_exception(failed_[mine]);
}

long SharedConnection::version() {
  if (inner().changed_elsewhere()) ++version_;
  return version_;
}

}  // namespace heretix
