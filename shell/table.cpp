#include "shell/table.hpp"

#include <algorithm>

namespace agentmon::shell {
namespace {

/// Of UTF-8 text: the bytes that begin a character.
size_t width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(std::string_view text, size_t to, bool right) {
  const std::string blanks(to - std::min(to, width(text)), ' ');
  return right ? blanks + std::string{text} : std::string{text} + blanks;
}

} // namespace

std::string table::text() const {
  std::vector<size_t> widths;
  for (const auto& each : columns_) widths.push_back(width(each.title));
  for (const auto& row : rows_)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max({widths[i], width(row[i]), size_t{1}});
  std::string out;
  const auto add_line = [&](auto cell_of) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string_view cell = cell_of(i);
      if (i > 0) line += "  ";
      line += padded(cell.empty() ? "-" : cell, widths[i], columns_[i].is_number);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  add_line([&](size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) add_line([&](size_t i) { return std::string_view{row[i]}; });
  return out;
}

} // namespace agentmon::shell
