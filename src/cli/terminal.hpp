// Prints results to stdout and everything else to stderr, with colours only where a person sees them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "report/text.hpp"

namespace heretix {

// Opens each of the three standard streams that is closed on /dev/null. Otherwise the next file to be opened, such as a
// database, would get its number, and with it whatever is printed. Writing to a standard output that was closed still
// fails. Must be called before anything else.
void open_closed_standard_streams();

// Prints to stdout as it is: JSON, pages, scripts. Throws Error{unavailable} if stdout cannot be written, e.g. because
// of a full disk or a closed pipe.
void print_result(const std::string& text);
void print_text(const std::string& text);  // likewise, for people: fitted to the terminal that stdout is, if it is one

// The one or the other, JSON over several lines.
void print_either(bool as_json, const nlohmann::json& json, const std::string& text);

// Prints a text to stderr as it is. If that fails (a closed pipe, a full disk), the program goes on, because the exit
// code and the store hold the outcome. Everything that is printed beside a result goes through here.
void print_aside(std::string_view text) noexcept;
void print_note(const std::string& text);  // likewise, with a newline, fitted to the terminal that stderr is
void print_error(const Error& error);      // likewise

bool is_terminal(int descriptor);
// Of the terminal, at least kLeastColumns. Empty for a pipe or a file, which have no width.
std::optional<std::size_t> terminal_columns(int descriptor);
TextStyle text_style(bool no_color);  // for stdout

}  // namespace heretix
