#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/mail_address.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/service.hpp"
#include "cli/terminal.hpp"
#include "service/account/api_keys.hpp"
#include "service/account/magic_links.hpp"
#include "service/account/sessions.hpp"
#include "service/privacy/removal.hpp"
#include "service/usage/ledger.hpp"

namespace heretix {
namespace {

struct UserOptions : ServiceOptions {
  std::string email;
  int most = 50;
  bool yes_destroy = false;
};

struct UserKeyOptions : UserOptions {
  std::string name;
  std::string revoke;
  bool list = false;
};

struct PlanSetOptions : UserOptions {
  std::string plan;
};

using nlohmann::json;

User known_user(Database& database, const UserOptions& options) {
  const std::string email = canonical_mail_address(options.email);
  const auto user = Users(database).find_by_email(email);
  if (!user)
    throw Error(ErrorKind::not_found, fmt::format("there is no user {}", email),
                "see heretix user list, with the same --app-db or --database");
  return *user;
}

json user_json(Database& database, const User& user) {
  const CheckUsage usage = Ledger(database).usage_of(user);
  return {{"id", user.id},
          {"email", user.email},
          {"status", to_word(user.status)},
          {"plan", to_word(user.plan)},
          {"created_at", user.created_at},
          {"usage",
           {{"plan", to_word(usage.plan)},
            {"period_start", usage.period.first_day},
            {"period_end", usage.period.last_day},
            {"allowed", usage.allowed},
            {"used", usage.used}}}};
}

std::string user_line(Database& database, const User& user) {
  const CheckUsage usage = Ledger(database).usage_of(user);
  return fmt::format("{:40} {:9} {:8} {:>4} of {:<4} until {}", user.email, to_word(user.status), to_word(usage.plan),
                     usage.used, usage.allowed, usage.period.last_day);
}

void show(Database& database, const std::vector<User>& users, bool as_json) {
  json all = json::array();
  std::string lines;
  for (const User& user : users) {
    all.push_back(user_json(database, user));
    lines += user_line(database, user) + "\n";
  }
  print_either(as_json, all, users.empty() ? "no users yet\n" : lines);
}

int set_status(const UserOptions& options, UserStatus status) {
  const Service service(options);
  const auto database = service.open_database();
  const User user = known_user(*database, options);
  in_transaction(*database,
                 [&] {
                   Users(*database).set_status(user.id, status);
                   Sessions(*database, service.secret()).end_all(user.id);
                 },
                 {.isolation = Isolation::beside_others});
  print_text(fmt::format("{} is {}\n", user.email, to_word(status)));
  return kDone;
}

int user_list_command(const UserOptions& options) {
  const auto database = Service(options).open_database();
  show(*database, Users(*database).list(static_cast<std::size_t>(std::max(options.most, 1))), options.json);
  return kDone;
}

int user_show_command(const UserOptions& options) {
  const auto database = Service(options).open_database();
  show(*database, {known_user(*database, options)}, options.json);
  return kDone;
}

int user_link_command(const UserOptions& options) {
  const Service service(options);
  const auto database = service.open_database();
  const std::string email = canonical_mail_address(options.email);
  const std::string link = MagicLinks(*database, service.secret()).make(email);
  const std::string origin =
      service.public_origin() ? service.public_origin()->origin() : listening_address("127.0.0.1", options.port);
  print_result(fmt::format("{}/sign-in/{}\n", origin, link));
  return kDone;
}

int show_keys(ApiKeys& keys, const User& user, bool as_json) {
  json all = json::array();
  std::string lines;
  for (const ApiKey& key : keys.list(user.id)) {
    all.push_back({{"name", key.name},
                   {"created_at", key.created_at},
                   {"last_used_at", key.last_used_at ? json(*key.last_used_at) : json(nullptr)}});
    lines += fmt::format("{:24} made {}, {}\n", key.name, key.created_at.substr(0, 16),
                         key.last_used_at ? "last used " + key.last_used_at->substr(0, 16) : "never used");
  }
  print_either(as_json, all, lines.empty() ? fmt::format("{} has no keys\n", user.email) : lines);
  return kDone;
}

int user_key_command(const UserKeyOptions& options) {
  const int wishes = (options.name.empty() ? 0 : 1) + (options.revoke.empty() ? 0 : 1) + (options.list ? 1 : 0);
  if (wishes != 1)
    throw Error(ErrorKind::bad_input, "one of --name, --list and --revoke is needed",
                "--name NAME makes a key; NAME is what the list will show");
  const Service service(options);
  const auto database = service.open_database();
  const User user = known_user(*database, options);
  ApiKeys keys(*database, service.secret());
  if (options.list) return show_keys(keys, user, options.json);
  if (!options.revoke.empty()) {
    if (!keys.revoke(user.id, options.revoke))
      throw Error(ErrorKind::not_found, fmt::format("{} has no key named '{}'", user.email, options.revoke),
                  "see heretix user key EMAIL --list");
    print_text(fmt::format("the key '{}' of {} is revoked\n", options.revoke, user.email));
    return kDone;
  }

  std::string key;
  in_transaction(*database,
                 [&] {
                   Users(*database).lock(user.id);  // so that two at once do not pass the limit
                   key = keys.make(user.id, options.name);
                 },
                 {.isolation = Isolation::beside_others});
  if (options.json) print_result(json{{"name", options.name}, {"key", key}}.dump() + "\n");
  else print_result(key + "\n");
  print_note("heretix: the key is shown this once and stored nowhere; whoever has it asks at this user's charge");
  return kDone;
}

int user_suspend_command(const UserOptions& options) { return set_status(options, UserStatus::suspended); }

int user_resume_command(const UserOptions& options) { return set_status(options, UserStatus::active); }

int user_delete_command(const UserOptions& options) {
  const Service service(options);
  const auto database = service.open_database();
  const User user = known_user(*database, options);
  if (!options.yes_destroy)
    throw Error(ErrorKind::not_allowed, fmt::format("this would delete {} with every check for good", user.email),
                "add --yes-destroy");
  Measured measured;
  in_transaction(*database, [&] { measured = Removal(*database, service.secret()).remove_user(user); },
                 {.isolation = Isolation::beside_others});
  AnswersPlace answers = service.open_answers(*database);
  forget_measured(*database, answers, measured);
  service.make_mailer(false)->forget({.subject = kSignInSubject, .address = user.email});
  print_text(fmt::format("{} is deleted\n", user.email));
  return kDone;
}

int plan_list_command(const CommonOptions&) {
  std::string lines;
  for (const ServicePlan& plan : service_plans())
    lines += fmt::format("{:8} {:>4} checks {}\n", to_word(plan.name), plan.checks,
                         plan.per == Per::ever ? "ever" : "a calendar month (UTC)");
  print_text(lines);
  return kDone;
}

int plan_set_command(const PlanSetOptions& options) {
  const ServicePlan* plan = find_service_plan(options.plan);
  if (plan == nullptr)
    throw Error(ErrorKind::bad_input, fmt::format("there is no plan '{}'", options.plan), "see heretix plan list");
  const auto database = Service(options).open_database();
  const User user = known_user(*database, options);
  in_transaction(*database, [&] { Ledger(*database).set_plan(user.id, *plan); },
                 {.isolation = Isolation::beside_others});
  show(*database, {known_user(*database, options)}, options.json);
  return kDone;
}

int usage_command(const UserOptions& options) {
  return options.email.empty() ? user_list_command(options) : user_show_command(options);
}

// A command about one user.
template <class Options>
RegisteredCommand<Options> add_user_command(CommandTable& table, CLI::App& group, const char* name, const char* what,
                                            int (*command)(const Options&)) {
  const auto added = table.add_to<Options>(group, name, what, command);
  add_service_database(added.app, added.options);
  added.app.add_option("email", added.options.email, "the user's mail address")->required()->type_name("EMAIL");
  return added;
}

}  // namespace

void register_users(CommandTable& table) {
  CLI::App& user = table.add_group("user", "manage the service's users");
  const auto [list, l] =
      table.add_to<UserOptions>(user, "list", "list users, newest first, with what they used", user_list_command);
  add_service_database(list, l);
  list.add_option("--most", l.most, "how many users to show (default 50)")->type_name("N");
  add_json(list, l);

  const auto [show, s] = add_user_command(table, user, "show", "show one user, with plan and usage", user_show_command);
  add_json(show, s);
  const auto [link, k] = add_user_command(
      table, user, "link", "print a sign-in link for this address, as a mail would contain it", user_link_command);
  link.add_option("--port", k.port, "the port of the embedded service (default 8080)")->type_name("PORT");
  const auto [key, y] = add_user_command(
      table, user, "key", "make, list or revoke the keys by which a user's programs ask the System One API",
      user_key_command);
  key.add_option("--name", y.name, "make a key of this name and print it, once")->type_name("NAME");
  key.add_flag("--list", y.list, "list the keys: names, when each was made and last used");
  key.add_option("--revoke", y.revoke, "end the key of this name")->type_name("NAME");
  add_json(key, y);
  add_user_command(table, user, "suspend", "end every session of a user and allow no new one", user_suspend_command);
  add_user_command(table, user, "resume", "let a suspended user sign in again", user_resume_command);
  const auto [remove, r] =
      add_user_command(table, user, "delete", "delete a user with every check, for good", user_delete_command);
  remove.add_flag("--yes-destroy", r.yes_destroy, "really delete the user");

  CLI::App& plan = table.add_group("plan", "manage the service's plans");
  table.add_to<CommonOptions>(plan, "list", "list what each plan allows", plan_list_command);
  const auto [set, p] = add_user_command(
      table, plan, "set", "set a user's plan; a higher one takes effect at once, a lower one from the next period on",
      plan_set_command);
  set.add_option("plan", p.plan, "trial, starter, core or pro")->required()->type_name("PLAN");
  add_json(set, p);

  const auto [usage, u] = table.add<UserOptions>(
      "usage", "show checks used of checks allowed, for one user or the newest users", usage_command);
  add_service_database(usage, u);
  usage.add_option("email", u.email, "the user's mail address")->type_name("EMAIL");
  add_json(usage, u);
}

}  // namespace heretix
