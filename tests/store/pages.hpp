#pragma once
#include "tests/store/json_answer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace agentmon::test {

/// The ids of all pages of a list, in order; each page must be full but the last, and those of a search.
template <class Parse, class Read>
std::vector<std::string> all_ids(store::query_parameters query, const std::string& list, const std::string& id,
                                 Parse&& parse, Read&& read) {
  std::vector<std::string> ids;
  if (query.count("limit") == 0) query.emplace("limit", "7");
  const auto limit = std::stoul(query.find("limit")->second);
  for (;;) {
    const json_answer page{read(must(parse(query)))};
    for (size_t i = 0; i < page.size('/' + list); ++i)
      ids.push_back(page['/' + list + '/' + std::to_string(i) + '/' + id]);
    const auto next = page["/next_cursor"];
    if (next == "null") return ids;
    if (query.count("q") == 0) CHECK(page.size('/' + list) == limit);
    REQUIRE((query.count("cursor") == 0 || query.find("cursor")->second != next));
    query.erase("cursor");
    query.emplace("cursor", next);
  }
}

/// The first column of a query, row by row.
inline std::vector<std::string> first_column(const database& db, const std::string& query) {
  auto connection = db.connect();
  const auto found = must(connection.exec(query, store::parameters{}));
  std::vector<std::string> values;
  for (int row = 0; row < found.size(); ++row) values.push_back(found.get<std::string>(row, 0));
  return values;
}

} // namespace agentmon::test
