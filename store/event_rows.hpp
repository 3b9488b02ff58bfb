#pragma once
#include "protocol/event.hpp"
#include "store/connection.hpp"

#include <functional>
#include <span>
#include <string>

/// The rows of the table events, towards PostgreSQL.
namespace agentmon::store {

/// Copies events into `table`, which has the columns of events. `beside` is called with each event once its row is
/// made: what else there is to do with it is done while PostgreSQL works, and for nothing when the COPY fails.
result<void> copy_events(
    connection&, const std::string& table, std::span<const event* const>,
    const std::function<void(const event&)>& beside = [](const event&) {});

/// The table on the way of events of which some may be known already; lives with the connection, empty between
/// transactions.
constexpr auto staging_table = "incoming_events";
result<void> create_staging_table(connection&);

/// Moves what is new from the staging table to events and gives those of `staged` that were. `staged` holds no id twice
/// on the same day.
result<std::vector<const event*>> insert_new(connection&, std::span<const event* const> staged);

} // namespace agentmon::store
