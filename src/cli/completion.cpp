// The completion scripts of bash, zsh and fish, made from the table of commands.
//
// What an option or an operand takes is told by the name of its type, as --help shows it. Words that never change stand
// in the script; models and runs are asked of `heretix completion --list` when they are wanted.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "belief/plan/recipe.hpp"
#include "cli/command_table.hpp"
#include "models/hosted.hpp"

namespace heretix {
namespace {

enum class Offers { nothing, words, files, models, pulled, runs };

struct Offer {
  Offers kind = Offers::nothing;
  std::string words{};  // with a blank between
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Offer words(std::string list) { return {Offers::words, std::move(list)}; }

std::string readout_words() {
  std::vector<std::string> all;
  for (const Readout readout : kReadouts) all.emplace_back(to_word(readout));
  return joined(all);
}

std::string provider_words() {
  std::vector<std::string> all;
  for (const HostedProvider& provider : hosted_providers()) all.emplace_back(provider.name);
  return joined(all);
}

Offer offer_of(const std::string& type) {
  if (type == "MODEL") return {Offers::models};
  if (type == "HUB_MODEL") return {Offers::pulled};
  if (type == "RUN" || type == "A B") return {Offers::runs};
  if (type == "FILE" || type == "FOLDER" || type == "TARGET") return {Offers::files};
  if (type == "READOUT") return words(readout_words());
  if (type == "PROVIDER") return words(provider_words());
  if (type == "SHELL") return words("bash zsh fish");
  if (type == "API") return words("responses chat");
  if (type == "FORMAT") return words("csv jsonl");
  if (type == "local|prod|URL") return words("local prod");
  return {};
}

// One command as a script sees it.
struct Completed {
  std::string name;                // "run", "models pull"
  std::vector<std::string> flags;  // with their dashes
  Offer operand;
};

struct Completions {
  std::vector<std::string> commands;
  std::vector<std::pair<std::string, std::string>> groups;  // their name and their commands
  std::vector<Completed> completed;
  std::map<std::string, Offer> values;  // of options, by name with its dashes; a name means the same everywhere
};

std::vector<std::string> dashed_names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

void add_command(Completions& all, const CLI::App& command, const std::string& name) {
  Completed one{.name = name, .flags = {}, .operand = {}};
  for (const CLI::Option* option : command.get_options(nullptr)) {
    if (option->get_positional()) {
      one.operand = offer_of(option->get_type_name());
      continue;
    }
    const std::vector<std::string> names = dashed_names_of(*option);
    one.flags.insert(one.flags.end(), names.begin(), names.end());
    if (option->get_expected_max() == 0) continue;
    for (const std::string& flag : names) all.values.emplace(flag, offer_of(option->get_type_name()));
  }
  all.completed.push_back(std::move(one));
}

Completions completions_of(const CLI::App& app) {
  Completions all;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    const std::string name = command->get_name();
    all.commands.push_back(name);
    add_command(all, *command, name);

    std::vector<std::string> inner;
    for (const CLI::App* below : command->get_subcommands(nullptr)) {
      inner.push_back(below->get_name());
      add_command(all, *below, name + " " + below->get_name());
    }
    if (!inner.empty()) all.groups.emplace_back(name, joined(inner));
  }
  return all;
}

// The calls of the scripts' own functions, which bash and zsh name alike.
std::string call_of(const Offer& offer) {
  switch (offer.kind) {
    case Offers::nothing: return ":";
    case Offers::words: return fmt::format("_heretix_words '{}'", offer.words);
    case Offers::files: return "_heretix_files";
    case Offers::models: return "_heretix_models";
    case Offers::pulled: return "_heretix_list pulled";
    case Offers::runs: return "_heretix_list runs";
  }
  return ":";
}

// The part that bash and zsh share: `prev` is the word before the cursor, `first` and `second` the first two words
// behind the program's name, `place` the number of the word at the cursor (1: the command).
std::string shared_cases(const Completions& all) {
  std::map<std::string, std::string> names_by_call;
  for (const auto& [name, offer] : all.values) {
    std::string& names = names_by_call[call_of(offer)];
    names += (names.empty() ? "" : "|") + name;
  }
  std::string text = "  case $prev in\n";
  for (const auto& [call, names] : names_by_call) text += fmt::format("    {}) {}; return ;;\n", names, call);
  text += "  esac\n";

  text += fmt::format("  if (( place == 1 )); then _heretix_words '{}'; return; fi\n", joined(all.commands));
  text += "  local name=$first\n  case $first in\n";
  for (const auto& [group, inner] : all.groups)
    text += fmt::format(
        "    {0})\n      if (( place == 2 )) && [[ $cur != -* ]]; then _heretix_words '{1}'; return; fi\n"
        "      if [[ ' {1} ' == *\" $second \"* ]]; then name=\"{0} $second\"; fi ;;\n",
        group, inner);
  text += "  esac\n";

  text += "  case $name in\n";
  for (const Completed& command : all.completed)
    text += fmt::format("    '{}')\n      if [[ $cur == -* ]]; then _heretix_words '{}'; else {}; fi ;;\n",
                        command.name, joined(command.flags), call_of(command.operand));
  return text + "  esac\n";
}

constexpr std::string_view kBashBegin = R"~(# bash completion for heretix: source <(heretix completion bash)

# Offers each line of $1 that begins with the word at the cursor.
_heretix_lines() {
  local line
  while IFS= read -r line; do
    [[ -n $line && $line == "$cur"* ]] && COMPREPLY+=("$line")
  done <<< "$1"
}

_heretix_words() { _heretix_lines "${1// /$'\n'}"; }

_heretix_list() { _heretix_lines "$("$program" completion --list "$1" "${store[@]}" 2>/dev/null)"; }

_heretix_files() {
  local line
  compopt -o filenames 2>/dev/null
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
}

# Behind llama: and scripted: stands a file.
_heretix_models() {
  case $cur in
    llama:* | scripted:*)
      local kind=${cur%%:*}: line
      compopt -o nospace 2>/dev/null
      while IFS= read -r line; do
        if [[ -d $line ]]; then COMPREPLY+=("$kind$line/"); else COMPREPLY+=("$kind$line"); fi
      done < <(compgen -f -- "${cur#"$kind"}")
      ;;
    *) _heretix_list models ;;
  esac
}

_heretix() {
  COMPREPLY=()
  local program=${1/#\~\//$HOME/} line=${COMP_LINE:0:COMP_POINT} cur prev first second place i
  local -a typed store=()

  # Within a claim in quotes there is nothing to complete.
  local quotes=${line//[!\"]/}
  (( ${#quotes} % 2 == 0 )) || return 0

  # Bash splits words at ':' and '=', which names of models hold, so the line is split anew.
  read -ra typed <<< "$line"
  [[ $line == *[[:space:]] ]] && typed+=("")
  place=$(( ${#typed[@]} - 1 ))
  cur=${typed[place]} prev=${typed[place-1]} first=${typed[1]} second=${typed[2]}
  for (( i = 1; i < place; i++ )); do
    case ${typed[i]} in
      --db) (( i + 1 < place )) && store=(--db "${typed[i+1]}") ;;
      --db=*) store=("${typed[i]}") ;;
    esac
  done
  local whole=$cur
  [[ $cur == --*=* ]] && prev=${cur%%=*} && cur=${cur#*=}

  _heretix_offer

  # Bash replaces only what stands behind the last ':' or '='.
  local kept=$cur
  [[ $COMP_WORDBREAKS == *:* ]] && kept=${cur##*:}
  [[ $COMP_WORDBREAKS == *=* ]] && kept=${kept##*=}
  local before=${cur%"$kept"}
  [[ $whole == --*=* && $COMP_WORDBREAKS != *=* ]] && before= && COMPREPLY=("${COMPREPLY[@]/#/${whole%%=*}=}")
  [[ -n $before ]] && COMPREPLY=("${COMPREPLY[@]#"$before"}")
  return 0
}

_heretix_offer() {
)~";

constexpr std::string_view kBashEnd = R"~(}

complete -o nosort -F _heretix heretix 2>/dev/null || complete -F _heretix heretix
)~";

constexpr std::string_view kZshBegin = R"~(#compdef heretix
# zsh completion for heretix: source <(heretix completion zsh), or heretix completion zsh > "${fpath[1]}/_heretix"

_heretix_words() { compadd -- ${(z)1} }

# In the order in which they come: runs with the newest first.
_heretix_list() {
  local -a found
  found=("${(@f)$("$program" completion --list "$1" "${store[@]}" 2>/dev/null)}")
  compadd -V "$1" -- ${found:#}
}

_heretix_files() { _files }

# Behind llama: and scripted: stands a file.
_heretix_models() {
  if compset -P 'llama:' || compset -P 'scripted:'; then _files; else _heretix_list models; fi
}

_heretix() {
  local program=${~words[1]} cur=$words[CURRENT] prev=$words[CURRENT-1] first=$words[2] second=$words[3]
  local -i place=$(( CURRENT - 1 )) i
  local -a store
  for (( i = 2; i < CURRENT; i++ )); do
    case $words[i] in
      --db) (( i + 1 < CURRENT )) && store=(--db "$words[i+1]") ;;
      --db=*) store=("$words[i]") ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    prev=${cur%%=*} cur=${cur#*=}
    compset -P '*='
  fi

)~";

constexpr std::string_view kZshEnd = R"~(}

if [[ $funcstack[1] == _heretix ]]; then _heretix "$@"; else compdef _heretix heretix; fi
)~";

constexpr std::string_view kFishBegin = R"~(# fish completion for heretix: heretix completion fish | source

# The command on the line: "run", or "models pull".
function __heretix_command
    set -l typed (commandline -opc)
    set -e typed[1]
    switch "$typed[1]"
)~";

constexpr std::string_view kFishMiddle = R"~(    end
    echo "$typed[1]"
end

function __heretix_is
    test (__heretix_command) = "$argv"
end

# The --db that was given, for lists that are read from the store.
function __heretix_list
    set -l typed (commandline -opc)
    set -l store
    for i in (seq (count $typed))
        if test "$typed[$i]" = --db; and test $i -lt (count $typed)
            set store --db $typed[(math $i + 1)]
        else if string match -q -- '--db=*' $typed[$i]
            set store $typed[$i]
        end
    end
    command $typed[1] completion --list $argv $store 2>/dev/null
end

complete -c heretix -f
)~";

std::string bash_script(const Completions& all) {
  return std::string(kBashBegin) + shared_cases(all) + std::string(kBashEnd);
}

std::string zsh_script(const Completions& all) {
  return std::string(kZshBegin) + shared_cases(all) + std::string(kZshEnd);
}

std::string in_fish_quotes(const std::string& text) {
  return "'" + replaced(replaced(text, {"\\", "\\\\"}), {"'", "\\'"}) + "'";
}

// The arguments of `complete` for what an option (`-r`) or an operand takes.
std::string fish_offer(const Offer& offer) {
  switch (offer.kind) {
    case Offers::nothing: return "";
    case Offers::words: return fmt::format(" -a '{}'", offer.words);
    case Offers::files: return " -F";
    case Offers::models: return " -a '(__heretix_list models)'";
    case Offers::pulled: return " -a '(__heretix_list pulled)'";
    case Offers::runs: return " -k -a '(__heretix_list runs)'";
  }
  return "";
}

std::string fish_command(const CLI::App& command, const std::string& name) {
  const std::string condition = fmt::format("complete -c heretix -n '__heretix_is {}'", name);
  std::string text;
  for (const CLI::Option* option : command.get_options(nullptr)) {
    const Offer offer = offer_of(option->get_type_name());
    if (option->get_positional()) {
      if (offer.kind != Offers::nothing) text += fmt::format("{}{}\n", condition, fish_offer(offer));
      continue;
    }

    std::string names;
    for (const std::string& short_name : option->get_snames()) names += " -s " + short_name;
    for (const std::string& long_name : option->get_lnames()) names += " -l " + long_name;
    const char* takes_value = option->get_expected_max() > 0 ? " -r" : "";
    text += fmt::format("{}{}{}{} -d {}\n", condition, names, takes_value,
                        *takes_value == '\0' ? "" : fish_offer(offer), in_fish_quotes(option->get_description()));
  }
  return text;
}

std::string fish_script(const CLI::App& app, const Completions& all) {
  std::string text(kFishBegin);
  for (const auto& [group, inner] : all.groups)
    text += fmt::format(
        "        case {}\n            if contains -- \"$typed[2]\" {}\n                echo \"$typed[1] $typed[2]\"\n"
        "                return\n            end\n",
        group, inner);
  text += kFishMiddle;

  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    const std::string name = command->get_name();
    text += fmt::format("complete -c heretix -n '__heretix_is \"\"' -a {} -d {}\n", name,
                        in_fish_quotes(command->get_description()));
    text += fish_command(*command, name);
    for (const CLI::App* inner : command->get_subcommands(nullptr)) {
      text += fmt::format("complete -c heretix -n '__heretix_is {}' -a {} -d {}\n", name, inner->get_name(),
                          in_fish_quotes(inner->get_description()));
      text += fish_command(*inner, name + " " + inner->get_name());
    }
  }
  return text;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  const Completions all = completions_of(app);
  if (shell == "bash") return bash_script(all);
  if (shell == "zsh") return zsh_script(all);
  if (shell == "fish") return fish_script(app, all);
  throw Error(ErrorKind::bad_input, fmt::format("there is no completion for '{}'", shell), "name bash, zsh or fish");
}

}  // namespace heretix
