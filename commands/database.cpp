#include "commands/database.hpp"

#include "commands/private_database.hpp"

namespace agentmon {

result<store::connection> connect_database(const settings& s, std::chrono::milliseconds statement_timeout) {
  if (s.database_url) return store::connect(*s.database_url, statement_timeout);
  // libpq needs the folder's descriptor only until it is connected.
  return private_database::in(s.data_dir).and_then([&](const private_database& database) {
    return store::connect(database.connection_string(), statement_timeout);
  });
}

} // namespace agentmon
