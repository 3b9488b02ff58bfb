#pragma once
#include "store/event_times.hpp"
#include "store/reading.hpp"
#include "store/stored_events.hpp"

#include <vector>

namespace agentmon::store {

/// An event of a page that is being put together.
struct page_item {
  timestamp ts;
  uuid id;
  std::string json;
};

/// Adds up to `wanted` of the events that pass the filter, are after its cursor and lie in the range, newest first.
/// `run_id` narrows to one run of filter.session_id ("": to what lies outside of its runs), `words` (a tsquery) to
/// events that hold them.
result<void> add_events(connection&, const event_filter&, const time_range&, size_t wanted,
                        const std::optional<std::string>& run_id, const std::string& words,
                        std::vector<page_item>& items);

/// The page of a search (filter.q).
result<std::vector<page_item>> search_events(connection&, const event_filter&, size_t wanted);

} // namespace agentmon::store
