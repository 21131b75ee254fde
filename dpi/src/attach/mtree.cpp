// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/mtree.h"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "attach/spec.h"

namespace guestlink::detail {
namespace {

[[noreturn]] void refuse(std::string_view line, std::string_view why) {
  std::string message = "row ";
  message.append(in_quotes(printable(line))).append(" of 'info mtree -f' ").append(why);
  throw std::invalid_argument(message);
}

bool skip(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) return false;
  rest.remove_prefix(prefix.size());
  return true;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, 16);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

// What stands before `separator`, which is skipped as well.
std::optional<std::string_view> take(std::string_view& rest, std::string_view separator) {
  const std::size_t end = rest.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end + separator.size());
  return part;
}

std::optional<std::uint64_t> take_hexadecimal(std::string_view& rest, std::string_view separator) {
  const auto digits = take(rest, separator);
  return digits ? hexadecimal(*digits) : std::nullopt;
}

bool skip_priority(std::string_view& rest) {
  if (!skip(rest, "prio ")) return true;  // there was a patch to leave it out
  skip(rest, "-");
  const auto digits = take(rest, ", ");
  return digits && !digits->empty() &&
         digits->find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<MtreeType> take_type(std::string_view& rest) {
  constexpr std::pair<std::string_view, MtreeType> kTypes[] = {
      {"ram", MtreeType::kRam},
      {"rom", MtreeType::kRom},
      {"romd", MtreeType::kRomDevice},
      {"ramd", MtreeType::kRamDevice},
      {"i/o", MtreeType::kIo},
      // QEMU 11 calls I/O that nothing answers so: a container with operations of its own.
      {"container", MtreeType::kIo},
  };
  skip(rest, "nv-");
  const auto word = take(rest, "): ");
  if (!word) return std::nullopt;
  for (const auto& [name, type] : kTypes) {
    if (name == *word) return type;
  }
  return std::nullopt;
}

// NAME[ @OFFSET][ KVM]. The name of a device's region may hold blanks.
bool parse_region(std::string_view text, MtreeRow& row) {
  constexpr std::string_view kMemslot = " KVM";
  if (text.ends_with(kMemslot)) text.remove_suffix(kMemslot.size());
  if (const std::size_t at = text.rfind(" @"); at != std::string_view::npos) {
    const auto offset = hexadecimal(text.substr(at + 2));
    if (!offset) return false;
    row.offset = *offset;
    text = text.substr(0, at);
  }
  skip(text, "/objects/");  // so named on machine types up to 3.1
  row.name = text;
  return !text.empty();
}

MtreeRow parse_row(std::string_view line) {
  std::string_view rest = line;
  MtreeRow row;
  skip(rest, "  ");
  const auto first = take_hexadecimal(rest, "-");
  const auto last = take_hexadecimal(rest, " (");
  if (!first || !last) refuse(line, "has no range of addresses");
  row.first = *first;
  row.last = *last;
  if (row.last < row.first) refuse(line, "ends before it begins");
  if (!skip_priority(rest)) refuse(line, "has no number as its priority");
  const auto type = take_type(rest);
  if (!type) refuse(line, "has a type other than ram, rom, romd, ramd, i/o or container");
  row.type = *type;
  if (!parse_region(rest, row)) refuse(line, "has no name or no number behind its '@'");
  return row;
}

std::optional<std::string_view> next_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The lines of one flat view, up to the next one: address spaces, root, rows.
class View {
 public:
  explicit View(std::string_view& text) {
    while (!text.empty() && !text.starts_with("FlatView ")) lines_.push_back(*next_line(text));
  }

  [[nodiscard]] bool is_memory() const {
    for (const std::string_view line : lines_) {
      if (line.starts_with(" AS \"memory\",")) return true;
    }
    return false;
  }

  [[nodiscard]] std::vector<MtreeRow> rows() const {
    std::vector<MtreeRow> rows;
    for (const std::string_view line : lines_) {
      const bool heading = line.starts_with(" AS \"") || line.starts_with(" Root memory region: ");
      if (line.empty() || heading || line == "  No rendered FlatView") continue;
      rows.push_back(parse_row(line));
      if (rows.size() > 1 && rows.back().first <= rows[rows.size() - 2].last) {
        refuse(line, "begins before the end of the row above it");
      }
    }
    return rows;
  }

 private:
  std::vector<std::string_view> lines_;
};

}  // namespace

std::string printable(std::string_view line) {
  constexpr std::size_t kLongest = 120;
  std::string result(line.substr(0, kLongest));
  for (char& letter : result) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  if (line.size() > kLongest) result.append("...");
  return result;
}

std::vector<MtreeRow> parse_mtree(std::string_view text) {
  std::optional<std::vector<MtreeRow>> rows;
  while (const auto line = next_line(text)) {
    if (!line->starts_with("FlatView ")) continue;
    const View view(text);
    if (!view.is_memory()) continue;
    if (rows) {
      throw std::invalid_argument("'info mtree -f' has the address space 'memory' twice");
    }
    rows = view.rows();
  }
  if (!rows) throw std::invalid_argument("'info mtree -f' has no address space 'memory'");
  return *rows;
}

}  // namespace guestlink::detail
