#pragma once
#include "store/event_times.hpp"
#include "store/paging.hpp"
#include "store/reading.hpp"
#include "store/stored_events.hpp"

#include <span>
#include <vector>

namespace agentmon::store {

/// A statement is planned for each day between the first and the last that it touches, which costs about a third of a
/// statement of its own: what is further apart is asked for separately.
constexpr auto close_by = std::chrono::days{3};

/// An event of a page that is being put together.
struct page_item {
  timestamp ts;
  uuid id;
  std::string json;
};

/// A list of events: what was found, and whether there may be more behind it.
struct page {
  std::vector<page_item> items;         ///< newest first
  std::optional<page_cursor> looked_to; ///< a search that has looked far enough for now: from where it goes on
};

/// Conditions on the table events: the cursor, type, framework and host of the filter.
void add_conditions(conditions&, const event_filter&);

/// Appends the rows of a SELECT of stored_event_columns.
void add_items(const rows&, std::vector<page_item>&);

/// Adds up to `wanted` of the events that pass the filter, are after its cursor and lie in the ranges (newest first),
/// newest first.
result<void> add_events(connection&, const event_filter&, std::span<const time_range>, size_t wanted,
                        std::vector<page_item>&);

/// The page of a search (filter.q).
result<page> search_events(connection&, const event_filter&, size_t wanted);

} // namespace agentmon::store
