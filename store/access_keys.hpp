#pragma once
#include "protocol/access_key.hpp"
#include "store/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace agentmon::store {

/// A key with how it was used, as far as the nodes have told; nothing: none has told yet.
struct used_key {
  access_key key;
  std::optional<int64_t> accepted;
  std::optional<int64_t> rejected;
  std::optional<timestamp> last_used;
};

/// All keys, by their creation; none as long as the schema knows no keys.
result<std::vector<used_key>> read_access_keys(connection&);

result<void> add_access_key(connection&, const access_key&);

/// From now on it does not count. fault::not_found: there is no such key.
result<void> revoke_access_key(connection&, const std::string& id);

/// Adds to the counters.
result<void> add_key_use(connection&, const std::vector<key_use>&, timestamp now);

} // namespace agentmon::store
