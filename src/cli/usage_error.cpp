#include "cli/usage_error.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/nearest.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMostShown = 60;  // characters of an argument

std::string quoted_argument(const std::string& argument) {
  return fmt::format("'{}'", on_one_line(shortened(argument, kMostShown)));
}

// An argument is repeated in messages, and an address may hold a password.
std::string without_secrets(std::string text, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const std::size_t scheme_end = argument.find("://");
    if (scheme_end == std::string::npos) continue;
    const std::string address = argument.substr(argument.rfind('=', scheme_end) + 1);  // behind "--base-url=", or all
    text = replaced(text, {address, shown_url(address)});
  }
  return text;
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> names_of_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options(nullptr)) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

struct Fault {
  std::string what;
  std::string hint;
};

// The command that the arguments name, as far as they name one.
struct NamedCommand {
  const CLI::App* app;
  std::string text;              // as it is typed: heretix db upgrade
  std::optional<Fault> unknown;  // an argument that stands where a command must, and is none
};

Fault no_such_command(const NamedCommand& named, const std::string& argument) {
  const bool is_address = argument.find("://") != std::string::npos;
  const std::string what = is_address ? "an address stands where a command must"
                                      : fmt::format("there is no command {}", quoted_argument(argument));
  if (argument.find(' ') != std::string::npos)
    return {what, fmt::format("{} run \"CLAIM\" measures a claim", named.text)};
  const auto meant = nearest(argument, names_of_commands(*named.app));
  const std::string meant_text = meant ? fmt::format("did you mean {} {}? ", named.text, *meant) : "";
  return {what, fmt::format("{}{} --help lists the commands", meant_text, named.text)};
}

NamedCommand named_command(const CLI::App& root, const std::vector<std::string>& arguments) {
  NamedCommand named{.app = &root, .text = "heretix", .unknown = {}};
  for (const std::string& argument : arguments) {
    const std::vector<const CLI::App*> below = named.app->get_subcommands(nullptr);
    if (below.empty()) break;
    if (argument.starts_with('-')) continue;

    const auto known = std::ranges::find(below, argument, &CLI::App::get_name);
    if (known == below.end()) {
      named.unknown = no_such_command(named, argument);
      break;
    }
    named.app = *known;
    named.text += " " + argument;
  }
  return named;
}

std::string help_for_options(const NamedCommand& named) { return named.text + " --help lists the options"; }

// Empty if every option is known.
std::optional<Fault> unknown_option(const NamedCommand& named, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const std::string name = argument.substr(0, argument.find('='));
    if (!argument.starts_with("--") || named.app->get_option_no_throw(name) != nullptr) continue;
    const auto meant = nearest(name, names_of_options(*named.app));
    const std::string what = fmt::format("{} has no option {}", named.text, on_one_line(shortened(name, kMostShown)));
    return Fault{what, meant ? fmt::format("did you mean {}? {} --help lists the options", *meant, named.text)
                             : help_for_options(named)};
  }
  return std::nullopt;
}

// What is left over once every option and argument has its value.
std::optional<Fault> left_over(const NamedCommand& named) {
  const std::vector<std::string> rest = named.app->remaining();
  if (!rest.empty() && rest.front().starts_with('-'))
    return Fault{fmt::format("{} has no option {}", named.text, rest.front().substr(0, 2)), help_for_options(named)};
  if (!rest.empty())
    return Fault{fmt::format("{} does not expect the argument {}", named.text, quoted_argument(rest.front())),
                 named.text + " --help shows what it takes"};

  const CLI::App* above = named.app->get_parent();
  if (above == nullptr || above->remaining().empty()) return std::nullopt;
  const std::string early = on_one_line(shortened(above->remaining().front(), kMostShown));
  return Fault{fmt::format("{} stands before the command", early), fmt::format("write it behind {}", named.text)};
}

// The option as it was typed: -K rather than --slots.
std::string as_typed(const CLI::Option& option, const std::vector<std::string>& arguments) {
  for (const std::string& letter : option.get_snames()) {
    std::string name = "-" + letter;
    if (std::ranges::any_of(arguments, [&](const std::string& one) { return one.starts_with(name); })) return name;
  }
  return option.get_name();
}

// CLI11 begins most messages with the name of the option.
const CLI::Option* option_named_in(const CLI::App& app, std::string_view message) {
  constexpr std::string_view kBeforeValue = "Could not convert: ";
  if (message.starts_with(kBeforeValue)) message.remove_prefix(kBeforeValue.size());
  const std::size_t end = std::min(message.find(": "), message.find(" = "));
  return end == std::string_view::npos ? nullptr : app.get_option_no_throw(std::string(message.substr(0, end)));
}

Fault no_argument(const NamedCommand& named, const CLI::Option& option) {
  const char* noun = option.get_expected_min() > 1 ? "arguments" : "argument";
  return {fmt::format("{} needs its {} {}", named.text, noun, option.get_type_name()),
          named.text + " --help shows what it takes"};
}

// A command that is missing behind a group of commands, or an argument.
std::optional<Fault> missing_part(const NamedCommand& named) {
  const std::vector<std::string> commands = names_of_commands(*named.app);
  if (!commands.empty())
    return Fault{fmt::format("{} needs a command: {}", named.text, fmt::join(commands, ", ")),
                 named.text + " --help says what each does"};
  for (const CLI::Option* option : named.app->get_options(nullptr)) {
    if (option->get_required() && option->count() == 0) return no_argument(named, *option);
  }
  return std::nullopt;
}

Fault wrong_number_of_values(const NamedCommand& named, const CLI::Option& option,
                             const std::vector<std::string>& arguments) {
  if (option.get_positional()) return no_argument(named, option);
  const std::string name = as_typed(option, arguments);
  if (option.count() > 1)
    return {fmt::format("{} is given {} times, and takes one value", name, option.count()), help_for_options(named)};
  return {fmt::format("{} needs a value: {}", name, option.get_type_name()), help_for_options(named)};
}

Fault not_a_number(const NamedCommand& named, const CLI::Option& option, const std::vector<std::string>& arguments) {
  const std::string value = option.results().empty() ? "" : option.results().back();
  const bool has_digits_alone = value.find_first_not_of("+-0123456789") == std::string::npos;
  const bool is_whole = option.get_type_name() == "N";
  const std::string what = fmt::format("{} is {}", as_typed(option, arguments), quoted_argument(value));
  if (is_whole && has_digits_alone) return {what + ", which is too large", help_for_options(named)};
  return {fmt::format("{}; it must be a {}number", what, is_whole ? "whole " : ""), help_for_options(named)};
}

// CLI11 2.1 lets through what std::stoll throws for the value of a flag, as in --mock=maybe.
std::optional<Fault> wrong_flag(const NamedCommand& named, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string::npos) continue;
    const CLI::Option* option = named.app->get_option_no_throw(argument.substr(0, equals));
    if (option == nullptr || option->get_items_expected_max() > 0) continue;
    try {
      CLI::detail::to_flag_value(argument.substr(equals + 1));
    } catch (const std::logic_error&) {
      return Fault{fmt::format("{} is {}; it must be true or false", argument.substr(0, equals),
                               quoted_argument(argument.substr(equals + 1))),
                   help_for_options(named)};
    }
  }
  return std::nullopt;
}

std::optional<Fault> usage_fault_of(const NamedCommand& named, const std::exception& fault,
                                    const std::vector<std::string>& arguments) {
  if (named.unknown) return named.unknown;
  if (auto unknown = unknown_option(named, arguments)) return unknown;
  if (dynamic_cast<const CLI::ExtrasError*>(&fault) != nullptr) return left_over(named);
  if (dynamic_cast<const CLI::RequiredError*>(&fault) != nullptr) return missing_part(named);
  if (dynamic_cast<const CLI::ParseError*>(&fault) == nullptr) return wrong_flag(named, arguments);

  const CLI::Option* option = option_named_in(*named.app, fault.what());
  if (option == nullptr) return std::nullopt;
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&fault) != nullptr)
    return wrong_number_of_values(named, *option, arguments);
  if (dynamic_cast<const CLI::ConversionError*>(&fault) != nullptr) return not_a_number(named, *option, arguments);
  return std::nullopt;
}

}  // namespace

Error usage_error(const CLI::App& root, const std::exception& fault, const std::vector<std::string>& arguments) {
  const NamedCommand named = named_command(root, arguments);
  const Fault found = usage_fault_of(named, fault, arguments).value_or(Fault{fault.what(), help_for_options(named)});
  return {ErrorKind::bad_input, without_secrets(found.what, arguments), without_secrets(found.hint, arguments)};
}

}  // namespace heretix
