#pragma once
#include "protocol/endpoint.hpp"
#include "protocol/log.hpp"
#include "settings/flags.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon {

/// What a node can do. Order is the order of the path of an event.
enum class role : uint8_t { ingest, processor, query, ui, monitor };
std::string_view to_string(role);

/// The PEM files of mutual TLS between nodes. Without a certificate there is no TLS.
struct control_files {
  std::optional<std::filesystem::path> certificate; ///< this node's, with what stands between it and the CA, if any
  std::optional<std::filesystem::path> key;
  std::optional<std::filesystem::path> authorities; ///< who signs the nodes' certificates
  std::optional<std::filesystem::path> revoked;     ///< the authority's list of certificates that count no more
};

/// Everything that is configured, checked and in its own type. The table in variables.cpp says what each one means.
struct settings {
  std::filesystem::path data_dir; ///< absolute; may not exist yet
  endpoint addr;                  ///< of the gateway
  endpoint query_addr;
  endpoint ui_addr;
  endpoint metrics_addr;  ///< used when has_port() is false
  std::string query_base; ///< http://host:port without a slash at its end: where the page's port finds the query port
  std::optional<std::string> database_url; ///< as libpq takes it; absent: the private cluster in data_dir
  std::optional<std::string> nats_url;     ///< absent: the private nats-server in data_dir
  std::string nats_topic;
  std::filesystem::path registry; ///< of OpenClaw instances; may not exist
  std::chrono::milliseconds poll_interval{};
  std::optional<std::string> ingest_token;
  std::optional<std::string> query_token;
  std::set<role> roles;            ///< never empty
  std::string node;                ///< name of this node
  std::string cluster;             ///< nodes of another one are refused
  std::vector<endpoint> join;      ///< control ports of nodes to join: any of them is enough
  std::optional<endpoint> control; ///< where this node's control port listens; absent when it is "none"
  control_files control_tls;       ///< for the control port and for connections to others
  uint64_t journal_bytes = 0;
  std::optional<std::chrono::days> retention_days; ///< events of earlier days are dropped; absent: none
  std::optional<uint64_t> retention_bytes;         ///< of all days together; the oldest are dropped; absent: none
  log::level log_level = log::level::info;
  std::optional<std::filesystem::path> web_dir; ///< folder of the page; absent: the one of the program

  bool has(role r) const { return roles.contains(r); }

  /// Does a role open a port, which then tells /healthz, /readyz and /metrics, too?
  bool has_port() const { return has(role::ingest) || has(role::query) || has(role::ui); }

  /// Does it read or write PostgreSQL?
  bool needs_database() const { return has(role::processor) || has(role::query); }

  /// Does it speak to NATS? A node that only takes events in, and joins others, leaves that to them.
  bool needs_bus() const {
    return needs_database() || ((has(role::ingest) || has(role::monitor)) && (nats_url || join.empty()));
  }

  /// Does it bring events to the gate of another node?
  bool forwards() const { return (has(role::ingest) || has(role::monitor)) && !needs_bus(); }
};

/// Where a value comes from; a later one wins.
enum class origin : uint8_t { preset, env_file, environment, flag };
std::string_view to_string(origin);

/// How much of a value may be shown.
enum class secrecy : uint8_t { none, credentials, whole };

/// One row of the table that help, `agentmon config`, .env.example and validation come from.
struct variable {
  std::string_view name;    ///< in the environment and in .env
  std::string_view flag;    ///< on the command line, without dashes
  std::string_view preset;  ///< the value when none is given, as text; empty: unset
  std::string_view allowed; ///< for people: "[HOST]:PORT"
  std::string_view meaning; ///< one line
  secrecy secret = secrecy::none;
  bool is_path = false;                                            ///< ~ and ${NAME} are expanded in it
  result<void> (*set)(settings&, std::string_view text) = nullptr; ///< given expanded, non-empty text
  std::string (*derive)(const settings&) = nullptr; ///< when neither given nor preset; sees the rows above it
};
std::span<const variable> variables();

/// One variable in force.
struct setting_line {
  const variable* about;
  std::string value; ///< as text, expanded; empty when unset
  origin from;
};

struct configuration {
  settings values;
  std::vector<setting_line> lines; ///< in the order of variables()
};

using environment_map = std::map<std::string, std::string, std::less<>>;

/// Puts flags over environment over .env over presets. An empty value counts as not given. Flags that are not of the
/// table are left to their command. fault::invalid names key, value and what is allowed: for a wrong value, a key of
/// .env that is not in the table, and an AGENTMON_ variable of the environment that nobody knows.
result<configuration> load(const given_flags&, const environment_map&, std::string_view env_file_text);

/// Environment of this process.
environment_map process_environment();

/// Text of .env in the current folder; empty when there is none. fault::unavailable when it cannot be read.
result<std::string> read_env_file();

/// The value as it may be printed: secrets as ***, passwords of URLs likewise.
std::string shown(const setting_line&);

/// `NAME=value  # origin` lines.
std::string describe(const configuration&);

/// The text of .env.example.
std::string example_env_file();

/// The variables as flags of a command line.
std::vector<flag> setting_flags();

} // namespace agentmon
