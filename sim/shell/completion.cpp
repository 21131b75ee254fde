// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "shell/command.h"
#include "shell/commands.h"

namespace guestlink::shell {
namespace {

/// An option or operand, as the shells need it.
struct Entry {
  std::vector<std::string> names;  // with dashes; none for an operand
  std::string what;
  std::string type;  // "" for a flag, else FILE, SPEC, A|B|C or something to be typed
};

std::vector<Entry> entries_of(const CLI::App& command) {
  std::vector<Entry> entries;
  for (const CLI::Option* option : command.get_options()) {
    Entry entry;
    for (const std::string& name : option->get_snames()) entry.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) entry.names.push_back("--" + name);
    entry.what = option->get_description();
    if (option->get_items_expected_max() > 0) entry.type = option->get_type_name();
    entries.push_back(entry);
  }
  return entries;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) { return app.get_subcommands({}); }

std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> choices;
  std::istringstream stream(type);
  for (std::string choice; std::getline(stream, choice, '|');) choices.push_back(choice);
  return choices.size() > 1 ? choices : std::vector<std::string>();
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

constexpr const char* kSchemes = "file: mock: qmp:";

// For single quotes in all three shells' scripts, and for the brackets of zsh.
std::string plain(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (std::string("'[]:\\`$").find(c) == std::string::npos) result += c;
  }
  return result;
}

/// What completes a value of this type in bash: arguments of compgen.
std::string bash_values(const std::string& type) {
  const auto choices = choices_of(type);
  if (!choices.empty()) return "-W '" + join(choices) + "'";
  if (type == "FILE") return "-f";
  if (type == "SPEC") return "-W '" + std::string(kSchemes) + "'";
  return "-W ''";
}

std::string bash_command(const CLI::App& command) {
  std::string options;
  std::string operands;
  std::string values;
  for (const Entry& entry : entries_of(command)) {
    if (entry.names.empty()) {
      operands += (operands.empty() ? "" : " ") + bash_values(entry.type);
      continue;
    }
    options += (options.empty() ? "" : " ") + join(entry.names);
    if (entry.type.empty()) continue;
    std::string names;
    for (const std::string& name : entry.names) names += (names.empty() ? "" : "|") + name;
    values +=
        "        " + names + ") _guestlink_words " + bash_values(entry.type) + "; return ;;\n";
  }
  std::string text = "    " + command.get_name() + ")\n      case $previous in\n" + values +
                     "      esac\n      if [[ $current == -* ]]; then\n" +
                     "        _guestlink_words -W '" + options + "'\n";
  if (!operands.empty()) text += "      else\n        _guestlink_words " + operands + "\n";
  return text + "      fi ;;\n";
}

std::string bash(const CLI::App& app) {
  std::string names;
  std::string cases;
  for (const CLI::App* command : commands_of(app)) {
    names += command->get_name() + " ";
    cases += bash_command(*command);
  }
  for (const Entry& entry : entries_of(app)) names += join(entry.names) + " ";
  return "# bash completion for guestlink, made by: guestlink completion bash\n"
         "_guestlink_words() {\n"
         "  mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$current\")\n"
         "  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *: ]]; then compopt -o nospace; fi\n"
         "}\n"
         "_guestlink() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  COMPREPLY=()\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    _guestlink_words -W '" +
         names +
         "'\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "}\n"
         "complete -F _guestlink guestlink\n";
}

std::string zsh_values(const std::string& type) {
  const auto choices = choices_of(type);
  if (!choices.empty()) return "(" + join(choices) + ")";
  if (type == "FILE") return "_files";
  if (type == "SPEC") return "_guestlink_spec";
  return "";
}

std::string zsh_command(const CLI::App& command) {
  std::string text = "    " + command.get_name() + ")\n      _arguments";
  int operand = 2;  // the first is the command
  for (const Entry& entry : entries_of(command)) {
    if (entry.names.empty()) {
      text += " \\\n        '" + std::to_string(operand++) + ":" + plain(entry.what) + ":" +
              zsh_values(entry.type) + "'";
    }
    for (const std::string& name : entry.names) {
      text += " \\\n        '" + name + "[" + plain(entry.what) + "]";
      if (!entry.type.empty()) text += ":value:" + zsh_values(entry.type);
      text += "'";
    }
  }
  return text + "\n      ;;\n";
}

std::string zsh(const CLI::App& app) {
  std::string names;
  std::string cases;
  for (const CLI::App* command : commands_of(app)) {
    names += "      '" + command->get_name() + ":" + plain(command->get_description()) + "'\n";
    cases += zsh_command(*command);
  }
  return "#compdef guestlink\n"
         "# zsh completion for guestlink, made by: guestlink completion zsh\n"
         "_guestlink_spec() { compadd -S '' " +
         std::string(kSchemes) +
         " }\n"
         "_guestlink() {\n"
         "  if ((CURRENT == 2)); then\n"
         "    local -a commands=(\n" +
         names +
         "    )\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  case $words[2] in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _guestlink ]]; then\n"  // loaded from fpath, by the first
                                                         // completion
         "  _guestlink \"$@\"\n"
         "else\n"
         "  compdef _guestlink guestlink\n"
         "fi\n";
}

std::string fish_command(const CLI::App& command) {
  const std::string start =
      "complete -c guestlink -n '__fish_seen_subcommand_from " + command.get_name() + "'";
  std::string text;
  for (const Entry& entry : entries_of(command)) {
    const auto choices = choices_of(entry.type);
    std::string values;
    if (!choices.empty()) values = " -a '" + join(choices) + "'";
    if (entry.type == "FILE") values = " -F";
    if (entry.type == "SPEC") values = " -a '" + std::string(kSchemes) + "'";
    if (entry.names.empty()) {
      if (!values.empty()) text += start + values + "\n";
      continue;
    }
    text += start;
    for (const std::string& name : entry.names) {
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (!entry.type.empty()) text += " -r";
    text += values + " -d '" + plain(entry.what) + "'\n";
  }
  return text;
}

std::string fish(const CLI::App& app) {
  std::string text =
      "# fish completion for guestlink, made by: guestlink completion fish\n"
      "complete -c guestlink -f\n";
  for (const CLI::App* command : commands_of(app)) {
    text += "complete -c guestlink -n '__fish_use_subcommand' -a " + command->get_name() + " -d '" +
            plain(command->get_description()) + "'\n" + fish_command(*command);
  }
  return text;
}

int completion(const Command& command, const CLI::App& app) {
  const std::string& shell = command.text("SHELL");
  std::string script;
  if (shell == "bash") {
    script = bash(app);
  } else if (shell == "zsh") {
    script = zsh(app);
  } else if (shell == "fish") {
    script = fish(app);
  } else {
    throw UsageError("SHELL is " + in_quotes(shell) + ", expected bash, zsh or fish");
  }
  if (command.json()) {
    Command::print({{"shell", shell}, {"script", script}});
  } else {
    std::fputs(script.c_str(), stdout);
  }
  return kExitOk;
}

}  // namespace

void add_completion(CLI::App& app, int& status) {
  const auto command = std::make_shared<Command>(
      app, "completion", "Print a script that lets a shell complete guestlink's words",
      "source <(guestlink completion bash)", Memory::kNone);
  command->operand("SHELL", "The shell", Need::kRequired, "bash|zsh|fish");
  command->note(
      "zsh: guestlink completion zsh > ~/.zfunc/_guestlink, with ~/.zfunc in fpath.\n"
      "fish: guestlink completion fish > ~/.config/fish/completions/guestlink.fish");
  command->body(status, [command, &app] { return completion(*command, app); });
}

}  // namespace guestlink::shell
