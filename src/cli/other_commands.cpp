#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/resources.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "provider/hosted.hpp"
#include "selftest/selftest.hpp"

namespace heretix {
namespace {

using nlohmann::json;

json result_json(const FileResult& file) {
  json sections = json::array();
  for (const SectionResult& s : file.sections) {
    sections.push_back(
        {{"name", s.name}, {"equal", s.equal}, {"different", s.different}, {"first_differences", s.first_differences}});
  }
  return {{"file", file.file}, {"equal", file.equal()}, {"different", file.different()}, {"sections", sections}};
}

std::string result_lines(const FileResult& file) {
  std::string text;
  for (const SectionResult& s : file.sections) {
    text += fmt::format("{:<10} {:<32} {:>6} equal  {:>4} different\n", file.file, s.name, s.equal, s.different);
    for (const std::string& d : s.first_differences)
      text += fmt::format("  DIFFERENT: {}\n", on_one_line(shortened(d, 200)));
  }
  return text;
}

double per_million(Usd of_a_token) { return static_cast<double>(of_a_token.picos()) / 1e6; }

json to_json(const PriceList::Entry& e) {
  return {{"name", e.model},
          {"price_date", e.date},
          {"input", per_million(e.price.input)},
          {"cached_input", per_million(e.price.cached_input)},
          {"cache_write", per_million(e.price.cache_write)},
          {"output", per_million(e.price.output)},
          {"batch_percent", e.price.batch_percent}};
}

std::string price_line(const PriceList::Entry& e) {
  return fmt::format("  {:<34} {:>7g} in {:>8g} cached {:>7g} out   as of {}\n", e.model, per_million(e.price.input),
                     per_million(e.price.cached_input), per_million(e.price.output), e.date);
}

std::string hosted_line(const HostedProvider& p) {
  return fmt::format("{:<24} {}; {} {}; {}{}\n", std::string(p.name) + "/NAME", p.title,
                     p.key_is_optional ? "key if it wants one:" : "key:", p.key_variable, p.base_url_variable,
                     p.base_url.empty() ? " or --base-url" : fmt::format(" (default {})", p.base_url));
}

}  // namespace

int selftest_command(const Options& options) {
  const std::vector<FileResult> results = recompute_folder(options.input.empty() ? golden_folder() : options.input);
  std::size_t equal = 0, different = 0;
  json files = json::array();
  std::string text;
  for (const FileResult& file : results) {
    equal += file.equal();
    different += file.different();
    files.push_back(result_json(file));
    text += result_lines(file);
  }
  text += fmt::format("{} equal, {} different\n", equal, different);
  print_result(options.json ? json{{"equal", equal}, {"different", different}, {"files", files}}.dump(2) + "\n" : text);
  return different == 0 ? kDone : kDifference;
}

int models_command(const Options& options) {
  std::string path;
  try {
    path = default_model_path();
  } catch (const Error&) {
    path = "";  // said below: a list is no place to stop
  }
  const std::string name = path.empty() ? "" : "llama/" + std::filesystem::path(path).stem().string();
  const PriceList prices = price_list(options.flags);
  if (options.json) {
    json all = json::array({{{"name", "local"}, {"installed", !path.empty()}, {"model", name}, {"file", path}},
                            {{"name", "llama:FILE.gguf"}},
                            {{"name", "scripted:FILE"}}});
    for (const HostedProvider& p : hosted_providers()) {
      all.push_back({{"name", std::string(p.name) + "/NAME"},
                     {"key_variable", p.key_variable},
                     {"base_url_variable", p.base_url_variable},
                     {"base_url", p.base_url}});
    }
    for (const PriceList::Entry& e : prices.entries()) all.push_back(to_json(e));
    print_result(all.dump(2) + "\n");
    return kDone;
  }
  std::string text = fmt::format(
      "{0:<24} {1}\n"
      "{2:<24} any GGUF file of a chat model, run here by llama.cpp\n"
      "{3:<24} plays answers and faults from a file (docs/scripted.md)\n"
      "{4:<24} a deterministic stand-in answers in that model's name; for trials, never a measurement\n",
      "local",
      path.empty() ? "not installed: make build fetches it"
                   : name + ", run here; small: it proves the path, it knows little",
      "llama:FILE.gguf", "scripted:FILE", "NAME --mock");
  for (const HostedProvider& p : hosted_providers()) text += hosted_line(p);
  text += "\nprices, dollars per million tokens (any other model can be asked; its cost is unknown):\n";
  for (const PriceList::Entry& e : prices.entries()) text += price_line(e);
  print_result(text);
  return kDone;
}

}  // namespace heretix
