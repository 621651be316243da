// `heretix models`: what can be asked, and with --prices what it costs; pull, list and remove for models of a hub.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/pulled_models.hpp"
#include "cli/resources.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "models/hosted.hpp"
#include "report/document.hpp"

namespace heretix {
namespace {

struct ModelsOptions : CommonOptions {
  bool show_prices = false;
};

struct PullOptions : CommonOptions {
  std::vector<std::string> names;
};

struct RemoveOptions : CommonOptions {
  std::vector<std::string> names;
  bool all = false;
};

using nlohmann::json;
using Day = std::chrono::sys_days;

constexpr const char* kUnknown = "unknown";

double per_million(Usd of_a_token) { return static_cast<double>(of_a_token.picos()) / 1e6; }

std::string text_of_day(Day day) { return utc_day(unix_seconds(day)); }

json to_json(const Rates& rates) {
  return {{"input", per_million(rates.input)},
          {"cached_input", per_million(rates.cached_input)},
          {"cache_write", per_million(rates.cache_write)},
          {"cache_write_long", rates.long_cache_write ? json(per_million(*rates.long_cache_write)) : json()},
          {"output", per_million(rates.output)}};
}

json to_json(const Tariff& tariff) {
  json shown = to_json(tariff.rates);
  shown["long_prompts"] = json::array();
  for (const Tariff::LongPrompts& longer : tariff.long_prompts) {
    json one = to_json(longer.rates);
    one["from_tokens"] = longer.from_tokens;
    shown["long_prompts"].push_back(one);
  }
  return shown;
}

json to_json(const PriceHistory::Period& period) {
  json shown = to_json(period.price->standard);
  shown["from"] = period.from ? json(text_of_day(*period.from)) : json();
  shown["tiers"] = json::object();
  for (const auto& [word, tariff] : period.price->tiers) shown["tiers"][word] = to_json(tariff);
  shown["regions"] = json::object();
  for (const auto& [region, thousandths] : period.price->regions) shown["regions"][region] = thousandths / 1000.0;
  return shown;
}

// What is not known is null.
json to_json(const PriceList::Entry& entry, Day today) {
  json shown = {{"name", entry.model},         {"also", entry.also},
                {"price_date", entry.date},    {"retires", entry.retires.empty() ? json() : json(entry.retires)},
                {"retired", entry.is_retired}, {"input", nullptr},
                {"cached_input", nullptr},     {"cache_write", nullptr},
                {"output", nullptr},           {"batch", nullptr}};
  if (const auto price = entry.history.on(today)) {
    shown.update(to_json(price->standard.rates));
    if (const auto batch = price->tiers.find("batch"); batch != price->tiers.end())
      shown["batch"] = to_json(batch->second);
  }
  shown["prices"] = json::array();
  for (const PriceHistory::Period& period : entry.history.periods()) shown["prices"].push_back(to_json(period));
  return shown;
}

std::string money(double dollars) { return fmt::format("{:g}", dollars); }

void add_rates(std::vector<std::string>& cells, const Rates& rates) {
  for (const Usd one : {rates.input, rates.cached_input, rates.cache_write}) cells.push_back(money(per_million(one)));
  cells.push_back(rates.long_cache_write ? money(per_million(*rates.long_cache_write)) : kUnknown);
  cells.push_back(money(per_million(rates.output)));
}

std::string batch_text(const Price& price) {
  const auto batch = price.tiers.find("batch");
  if (batch == price.tiers.end()) return kUnknown;
  const Rates& rates = batch->second.rates;
  return fmt::format("{:g} / {:g} / {:g}", per_million(rates.input), per_million(rates.cached_input),
                     per_million(rates.output));
}

// Tiers beside the standard one and the batch's, and surcharges by region.
std::string more_text(const Price& price) {
  std::string text;
  for (const auto& [word, tariff] : price.tiers) {
    if (word == "batch") continue;
    text += fmt::format("{}{} {:g}/{:g}", text.empty() ? "" : ", ", word, per_million(tariff.rates.input),
                        per_million(tariff.rates.output));
  }
  for (const auto& [region, thousandths] : price.regions)
    text += fmt::format("{}region {} x {:g}", text.empty() ? "" : ", ", region, thousandths / 1000.0);
  return text;
}

std::string retirement_text(const PriceList::Entry& entry) {
  if (entry.is_retired) return "shut down";
  return entry.retires.empty() ? kUnknown : entry.retires;
}

void add_prices(DocumentTable& table, const PriceList::Entry& entry) {
  const std::string retires = retirement_text(entry);
  if (entry.history.periods().empty()) {
    table.rows.push_back({entry.model, "", kUnknown, "", "", "", "", "", retires, "give it with --price IN,OUT"});
    return;
  }

  for (const PriceHistory::Period& period : entry.history.periods()) {
    std::vector<std::string> cells{entry.model, period.from ? text_of_day(*period.from) : kUnknown};
    add_rates(cells, period.price->standard.rates);
    cells.insert(cells.end(), {batch_text(*period.price), retires, more_text(*period.price)});
    table.rows.push_back(std::move(cells));

    for (const Tariff::LongPrompts& longer : period.price->standard.long_prompts) {
      std::vector<std::string> of_longer{fmt::format("  with a prompt of {} tokens or more", longer.from_tokens), ""};
      add_rates(of_longer, longer.rates);
      of_longer.insert(of_longer.end(), {"", "", ""});
      table.rows.push_back(std::move(of_longer));
    }
  }
}

std::string prices_text(const PriceList& prices, const TextStyle& style) {
  DocumentTable table{{"model", "since", "input", "cached", "write", "long*", "output", "batch: in/cached/out",
                       "retires", "other tiers in/out, and regions"},
                      {}};
  for (const PriceList::Entry& entry : prices.entries()) add_prices(table, entry);
  return fmt::format(
      "The price list of {}, in dollars per million tokens. A model without a price can be asked, but its cost is "
      "unknown.\nEvery token of a request with a long prompt costs the price for that length. \"unknown\" does not "
      "mean zero.\n\n{}\n* a write to the cache that is kept for 1 hour (Anthropic) or 12 hours (OpenAI)\n",
      prices.date(), table_text(table, style));
}

std::string hosted_line(const HostedProvider& p) {
  return fmt::format("{:<24} {}; {} {}; {}{}\n", std::string(p.name) + "/NAME", p.title,
                     p.key_is_optional ? "key, if it needs one:" : "key:", p.key_variable, p.base_url_variable,
                     p.base_url.empty() ? " or --base-url" : fmt::format(" (default {})", p.base_url));
}

// Empty: it is not installed, which is no reason to stop a list.
std::string local_model_path() {
  try {
    return default_model_path();
  } catch (const Error&) { return ""; }
}

ModelName local_model_name(const std::string& path) {
  return ModelName("llama/" + std::filesystem::path(path).stem().string());
}

// A name without its quantisation means all that was fetched of the repository.
bool is_meant(const PulledModel& model, const HubName& name) {
  const bool is_revision =
      name.revision.empty() || name.revision == kDefaultRevision || model.commit.starts_with(name.revision);
  const bool is_selector = name.selector.empty() ||
                           to_lower_ascii(name.selector) == to_lower_ascii(model.name.selector) ||
                           name.selector == model.parts.front().path;
  return model.name.repository_id() == name.repository_id() && is_revision && is_selector;
}

std::vector<PulledModel> meant_models(const std::vector<PulledModel>& all, const HubName& name) {
  std::vector<PulledModel> meant;
  std::ranges::copy_if(all, std::back_inserter(meant), [&](const PulledModel& m) { return is_meant(m, name); });
  if (!meant.empty()) return meant;

  std::string there;
  for (const PulledModel& model : all) there += (there.empty() ? "" : ", ") + model.name.text();
  throw Error(ErrorKind::not_found, fmt::format("{} is not on this machine", name.text()),
              there.empty() ? "no model was fetched" : "name one of " + there);
}

json to_json(const PulledModel& model) {
  json files = json::array();
  for (const HubFile& part : model.parts)
    files.push_back({{"path", part.path}, {"sha256", part.sha256}, {"bytes", part.bytes}});
  return {{"name", model.name.text()},
          {"model", local_model_name(model.path()).text()},
          {"file", model.path()},
          {"hub", model.hub},
          {"repository", model.name.repository_id()},
          {"revision", model.commit},
          {"bytes", model.bytes()},
          {"bytes_here", model.here},
          {"whole", model.is_whole},
          {"pulled_at", model.pulled_at},
          {"files", files}};
}

constexpr std::size_t kShownDigits = 16;

std::string pulled_text(const PulledModel& model) {
  const std::string size = model.is_whole
                               ? size_text(model.bytes())
                               : fmt::format("{} of {}, unfinished", size_text(model.here), size_text(model.bytes()));
  const std::string parts = model.parts.size() > 1 ? fmt::format("  {} files", model.parts.size()) : "";
  return fmt::format("{}\n  {}{}  {}  sha256 {}\n", model.name.text(), size, parts, utc_day(model.pulled_at),
                     model.parts.front().sha256.substr(0, kShownDigits));
}

int pull_command(const PullOptions& options) {
  std::vector<HubName> names;  // all are read before the first is fetched
  for (const std::string& name : options.names) names.push_back(parse_hub_name(name));

  json all = json::array();
  for (const HubName& name : names) {
    const PulledModel model = pull_model(name, options.quiet ? Fetching::silently : Fetching::on_terminal);
    if (options.json) all.push_back(to_json(model));
    else print_result(fmt::format("{}  {}\n", pulled_text(model), model.path()));
  }
  if (options.json) print_result(all.dump(2) + "\n");
  return kDone;
}

int list_command(const CommonOptions& options) {
  const ModelCache cache = model_cache(read_environment());
  const std::vector<PulledModel> models = cache.list();
  if (options.json) {
    json all = json::array();
    for (const PulledModel& model : models) all.push_back(to_json(model));
    print_result(all.dump(2) + "\n");
    return kDone;
  }

  std::string text;
  std::uint64_t bytes = 0;
  for (const PulledModel& model : models) {
    text += pulled_text(model);
    bytes += model.here;
  }
  print_result(text);
  if (models.empty()) print_note(fmt::format("no model in {}; heretix models pull hf:OWNER/REPO", cache.folder()));
  else print_note(fmt::format("{} in {}", size_text(bytes), cache.folder()));
  return kDone;
}

int remove_command(const RemoveOptions& options) {
  if (options.all != options.names.empty())
    throw Error(ErrorKind::bad_input, options.all ? "--all names every model" : "no model is named",
                "give names, as heretix models list shows them, or --all");
  const ModelCache cache = model_cache(read_environment());
  const std::vector<PulledModel> all = cache.list();

  // Every name is looked up before anything is removed.
  std::vector<PulledModel> meant = options.all ? all : std::vector<PulledModel>{};
  for (const std::string& name : options.names) {
    for (PulledModel& model : meant_models(all, parse_hub_name(name))) {
      const bool is_named_twice = std::ranges::find(meant, model.folder, &PulledModel::folder) != meant.end();
      if (!is_named_twice) meant.push_back(std::move(model));
    }
  }

  json removed = json::array();
  for (const PulledModel& model : meant) {
    const std::uint64_t bytes = cache.remove(model);
    if (options.json) removed.push_back({{"name", model.name.text()}, {"bytes", bytes}});
    else print_result(fmt::format("removed {}  {}\n", model.name.text(), size_text(bytes)));
  }
  if (options.json) print_result(removed.dump(2) + "\n");
  return kDone;
}

json models_json(const json& prices) {
  const std::string path = local_model_path();
  json all = json::array({{{"name", "local"},
                           {"installed", !path.empty()},
                           {"model", path.empty() ? "" : local_model_name(path).text()},
                           {"file", path}},
                          {{"name", "hf:OWNER/REPO:QUANT"}},
                          {{"name", "llama:FILE.gguf"}},
                          {{"name", "scripted:FILE"}}});
  for (const HostedProvider& p : hosted_providers()) {
    all.push_back({{"name", std::string(p.name) + "/NAME"},
                   {"key_variable", p.key_variable},
                   {"base_url_variable", p.base_url_variable},
                   {"base_url", p.base_url}});
  }
  for (const PulledModel& model : model_cache(read_environment()).list()) {
    if (model.is_whole) all.push_back(to_json(model));
  }
  for (const json& entry : prices) all.push_back(entry);
  return all;
}

std::string models_text(const PriceList& prices) {
  const std::string path = local_model_path();
  std::string text = fmt::format(
      "{0:<24} {1}\n"
      "{2:<24} a GGUF model of the Hugging Face Hub, fetched once and run here by llama.cpp\n"
      "{3:<24} any GGUF file of a chat model, run here by llama.cpp\n"
      "{4:<24} plays answers and faults from a file (docs/scripted.md)\n"
      "{5:<24} a deterministic stand-in answers in that model's name; for trials, never a measurement\n",
      "local",
      path.empty() ? "not installed: the package heretix-model-smollm2-135m has it, and make build fetches it"
                   : local_model_name(path).text() +
                         ", run on this machine; it is small: good for trying things out, but it knows little",
      "hf:OWNER/REPO:QUANT", "llama:FILE.gguf", "scripted:FILE", "NAME --mock");
  for (const HostedProvider& p : hosted_providers()) text += hosted_line(p);

  const std::vector<PulledModel> pulled = model_cache(read_environment()).list();
  if (!pulled.empty()) text += "\nFetched from a hub (heretix models list):\n";
  for (const PulledModel& model : pulled) {
    if (model.is_whole) text += fmt::format("  {}  {}\n", model.name.text(), size_text(model.bytes()));
  }
  return text + fmt::format(
                    "\nThe prices of {} models are known from the list of {}: heretix models --prices. Any other model "
                    "can be asked too, but its cost is unknown.\n",
                    prices.entries().size(), prices.date());
}

int models_command(const ModelsOptions& options) {
  const PriceList prices = price_list(merged(options.flags, read_environment().settings));
  const Day today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  json entries = json::array();
  for (const PriceList::Entry& entry : prices.entries()) entries.push_back(to_json(entry, today));

  if (options.show_prices)
    print_either(options.json, {{"date", prices.date()}, {"models", entries}},
                 prices_text(prices, text_style(read_environment().no_color)));
  else print_either(options.json, models_json(entries), models_text(prices));
  return kDone;
}

}  // namespace

void register_models(CommandTable& table) {
  const auto [models, o] = table.add<ModelsOptions>("models", "list the models that can be asked", models_command);
  models.add_flag("--prices", o.show_prices,
                  "print the price list: since when and until when each price holds, and what is not known");
  add_json(models, o);

  const auto [pull, p] = table.add_to<PullOptions>(
      models, "pull", "fetch models from the Hugging Face Hub, or go on with what broke off", pull_command);
  pull.add_option("names", p.names,
                  "hf:OWNER/REPO (Q4_K_M, else Q8_0, else the first), hf:OWNER/REPO:QUANT, hf:OWNER/REPO:FILE.gguf; "
                  "behind REPO may stand @ and a branch, tag or commit")
      ->type_name("HUB_MODEL")
      ->required();
  pull.add_flag("-q,--quiet", p.quiet, "show no progress line");
  add_json(pull, p);

  const auto [list, l] =
      table.add_to<CommonOptions>(models, "list", "list the models that were fetched: size, day, sha256", list_command);
  add_json(list, l);

  const auto [remove, r] =
      table.add_to<RemoveOptions>(models, "remove", "remove models that were fetched", remove_command);
  remove.add_option("names", r.names, "hf:OWNER/REPO:QUANT, or hf:OWNER/REPO for all that was fetched of it")
      ->type_name("HUB_MODEL");
  remove.add_flag("--all", r.all, "remove all of them, unfinished ones too");
  add_json(remove, r);
}

}  // namespace heretix
