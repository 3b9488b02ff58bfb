#pragma once
#include "settings/settings.hpp"
#include "store/connection.hpp"

#include <chrono>

namespace agentmon {

/// Connects to the database of the settings: DATABASE_URL, else the private one of the data folder, which must run.
result<store::connection> connect_database(const settings&, std::chrono::milliseconds statement_timeout);

} // namespace agentmon
