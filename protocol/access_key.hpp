#pragma once
#include "protocol/failure.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// What a key is for: sending events, asking, or both and whatever needs more.
enum class access_scope : uint8_t { ingest, query, admin };
std::string_view to_string(access_scope);

/// What is known of an access key. The key itself, "agentmon_<id>_<secret>", is known only to who carries it.
struct access_key {
  std::string id;     ///< 12 hexadecimal digits; no secret
  std::string name;   ///< for people
  std::string digest; ///< SHA-256 of the whole key: 32 bytes
  bool may_ingest = false;
  bool may_query = false;
  bool is_admin = false;
  std::optional<std::string> client_id; ///< events must be of this event.source.client_id
  timestamp created;
  std::optional<timestamp> expires;
  std::optional<timestamp> revoked;

  bool operator==(const access_key&) const = default;
  /// Is it for this? An admin's key is for everything.
  bool covers(access_scope) const;
};

/// What a node counted since it told last.
struct key_use {
  std::string id;
  int64_t accepted = 0;
  int64_t rejected = 0;
};

/// A new key with its text, which nobody can find out again.
struct made_key {
  std::string text;
  access_key key; ///< id, digest and created
};
result<made_key> make_access_key();

/// The id in the text of a key; empty when it is no key.
std::string_view id_in(std::string_view key_text);

/// SHA-256, 32 bytes.
std::string sha_256(std::string_view);

/// The keys as a file of JSON, for nodes that do not see the database; and back. fault::corrupt: it is no such file.
std::string access_keys_json(const std::vector<access_key>&);
result<std::vector<access_key>> parse_access_keys(const std::string& json);

} // namespace agentmon
