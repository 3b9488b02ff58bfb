#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::shell {

/// Text in columns that are as wide as their widest cell; numbers stand to the right.
class table {
public:
  struct column {
    std::string_view title;
    bool is_number = false;
  };

  table(std::initializer_list<column> columns) : columns_{columns} {}

  /// As many cells as there are columns; an empty one is shown as "-".
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  bool empty() const { return rows_.empty(); }

  /// A line of titles, and a line a row.
  std::string text() const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

} // namespace agentmon::shell
