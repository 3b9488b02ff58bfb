#include "protocol/limits.hpp"
#include "settings/settings.hpp"
#include "settings/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unistd.h>

namespace agentmon {
namespace {

/// Parses and, if that went well, stores.
template <class T, class Field, class Parser>
result<void> assign(Field& field, std::string_view text, Parser parse) {
  result<T> value = parse(text);
  if (!value) return tl::unexpected{value.error()};
  field = std::move(*value);
  return {};
}

template <endpoint settings::*Field>
result<void> set_endpoint(settings& s, std::string_view text) {
  return assign<endpoint>(s.*Field, text, parse_endpoint);
}

result<void> set_control(settings& s, std::string_view text) {
  if (text == "none") return {};
  const auto parsed = parse_endpoint(text);
  if (!parsed) return fail(fault::invalid, "allowed is [HOST]:PORT, or none");
  s.control = *parsed;
  return {};
}

result<void> set_join(settings& s, std::string_view text) {
  if (text == "none") return {};
  for (auto rest = text;;) {
    const auto comma = rest.find(',');
    const auto parsed = parse_endpoint(rest.substr(0, comma));
    if (!parsed || parsed->host.empty() || parsed->port == 0)
      return fail(fault::invalid, "allowed is HOST:PORT, several with commas between, or none");
    s.join.push_back(*parsed);
    if (comma == rest.npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

template <std::optional<std::filesystem::path> control_files::*Field>
result<void> set_control_file(settings& s, std::string_view text) {
  s.control_tls.*Field = std::filesystem::absolute(text).lexically_normal();
  return {};
}

template <std::filesystem::path settings::*Field>
result<void> set_path(settings& s, std::string_view text) {
  s.*Field = std::filesystem::absolute(text).lexically_normal();
  return {};
}

result<void> set_web_dir(settings& s, std::string_view text) {
  s.web_dir = std::filesystem::absolute(text).lexically_normal();
  return {};
}

template <std::optional<std::string> settings::*Field>
result<void> set_token(settings& s, std::string_view text) {
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!visible || text.size() > limits::token_characters)
    return fail(fault::invalid, "allowed are up to " + std::to_string(limits::token_characters)
                                    + " visible ASCII characters without blanks");
  s.*Field = std::string{text};
  return {};
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(), [&](auto start) { return text.substr(0, start.size()) == start; });
}

result<void> set_database_url(settings& s, std::string_view text) {
  const bool is_url = starts_with_any(text, {"postgresql://", "postgres://"});
  if (!is_url && (text.find("://") != text.npos || text.find('=') == text.npos))
    return fail(fault::invalid,
                "allowed is postgresql://USER:PASSWORD@HOST:5432/DATABASE, or libpq's host=... dbname=...");
  s.database_url = std::string{text};
  return {};
}

result<void> set_nats_url(settings& s, std::string_view text) {
  for (auto rest = text;;) {
    if (!starts_with_any(rest, {"nats://", "tls://"}))
      return fail(fault::invalid, "allowed is nats://HOST:4222 or tls://HOST:4222; several with commas between");
    const auto comma = rest.find(',');
    if (comma == rest.npos) break;
    rest.remove_prefix(comma + 1);
  }
  s.nats_url = std::string{text};
  return {};
}

result<void> set_nats_topic(settings& s, std::string_view text) {
  const bool dots_fit = text.front() != '.' && text.back() != '.' && text.find("..") == text.npos;
  const bool characters_fit =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '*' && c != '>'; });
  if (!dots_fit || !characters_fit || text[0] == '$')
    return fail(fault::invalid, "allowed is one NATS subject without wildcards, as in agentmon.events.v1");
  s.nats_topic = std::string{text};
  return {};
}

result<void> set_poll_interval(settings& s, std::string_view text) {
  const auto parsed = parse_duration(text);
  if (!parsed) return tl::unexpected{parsed.error()};
  if (*parsed < limits::poll_interval_min || *parsed > limits::poll_interval_max)
    return fail(fault::invalid, "allowed is 1s to 1h");
  s.poll_interval = *parsed;
  return {};
}

template <std::string settings::*Field>
result<void> set_name(settings& s, std::string_view text) {
  const bool fits = text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
                             || c == '-' || c == '_';
                    });
  if (!fits) return fail(fault::invalid, "allowed are 1 to 64 letters, digits, dots, - and _");
  s.*Field = std::string{text};
  return {};
}

result<void> set_journal_bytes(settings& s, std::string_view text) {
  const auto parsed = parse_bytes(text);
  if (!parsed) return tl::unexpected{parsed.error()};
  if (*parsed < 2 * limits::segment_bytes) return fail(fault::invalid, "allowed is 128MiB or more");
  s.journal_bytes = *parsed;
  return {};
}

result<void> set_retention_days(settings& s, std::string_view text) {
  if (text == "all") return {};
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > limits::retention_days_max)
    return fail(fault::invalid,
                "allowed is a number of days from 1 to " + std::to_string(limits::retention_days_max) + ", or all");
  s.retention_days = std::chrono::days{number};
  return {};
}

result<void> set_retention_bytes(settings& s, std::string_view text) {
  if (text == "all") return {};
  const auto parsed = parse_bytes(text);
  if (!parsed || *parsed == 0) return fail(fault::invalid, "allowed is a size as 50GiB, or all");
  s.retention_bytes = *parsed;
  return {};
}

result<void> set_log_level(settings& s, std::string_view text) {
  using log::level;
  constexpr std::array<std::pair<std::string_view, level>, 4> levels{
      {{"debug", level::debug}, {"info", level::info}, {"warn", level::warn}, {"error", level::error}}};
  const auto* const found = std::find_if(levels.begin(), levels.end(), [&](const auto& l) { return l.first == text; });
  if (found == levels.end()) return fail(fault::invalid, "allowed are debug, info, warn and error");
  s.log_level = found->second;
  return {};
}

std::string own_query_base(const settings& s) {
  const auto& at = s.query_addr;
  return at.host.empty() ? "http://localhost:" + std::to_string(at.port) : local_url(at);
}

std::string host_name(const settings&) {
  std::array<char, 65> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "agentmon";
  return name.data();
}

constexpr std::array table{
    variable{"AGENTMON_DATA_DIR", "data-dir", "${XDG_DATA_HOME:-~/.local/share}/agentmon", "FOLDER",
             "Where the journal and the private servers keep their files.", secrecy::none, true,
             set_path<&settings::data_dir>},
    variable{"AGENTMON_ADDR", "addr", ":8080", "[HOST]:PORT", "Where events are taken in (the gateway).", secrecy::none,
             false, set_endpoint<&settings::addr>},
    variable{"AGENTMON_QUERY_ADDR", "query-addr", ":8081", "[HOST]:PORT", "Where questions are answered.",
             secrecy::none, false, set_endpoint<&settings::query_addr>},
    variable{"AGENTMON_UI_ADDR", "ui-addr", ":8082", "[HOST]:PORT", "Where the page is served.", secrecy::none, false,
             set_endpoint<&settings::ui_addr>},
    variable{"AGENTMON_METRICS_ADDR", "metrics-addr", ":8083", "[HOST]:PORT",
             "Where a node that opens none of these ports tells /healthz, /readyz and /metrics.", secrecy::none, false,
             set_endpoint<&settings::metrics_addr>},
    variable{
        "AGENTMON_QUERY_BASE", "query-base", "", "http://HOST:PORT",
        "Where the page's server finds the query port; unset: at AGENTMON_QUERY_ADDR of this host.", secrecy::none,
        false,
        [](settings& s, std::string_view text) { return assign<std::string>(s.query_base, text, parse_http_base); },
        own_query_base},
    variable{"DATABASE_URL", "database-url", "", "postgresql://...",
             "PostgreSQL; unset: a private one in the data folder.", secrecy::credentials, false, set_database_url},
    variable{"NATS_URL", "nats-url", "", "nats://HOST:PORT", "NATS; unset: a private one in the data folder.",
             secrecy::credentials, false, set_nats_url},
    variable{"NATS_TOPIC", "nats-topic", "agentmon.events.v1", "SUBJECT", "The subject that carries the events.",
             secrecy::none, false, set_nats_topic},
    variable{"OPENCLAW_REGISTRY", "registry", "~/.claude/state/openclaw-instances.json", "FILE",
             "The list of OpenClaw's virtual machines; it may be absent.", secrecy::none, true,
             set_path<&settings::registry>},
    variable{"POLL_INTERVAL", "poll-interval", "30s", "1s to 1h", "How often each virtual machine is looked at.",
             secrecy::none, false, set_poll_interval},
    variable{"AGENTMON_INGEST_TOKEN", "ingest-token", "", "TOKEN",
             "Who sends events must know it, or have a key; unset: anybody may, unless there are keys.", secrecy::whole,
             false, set_token<&settings::ingest_token>},
    variable{"AGENTMON_QUERY_TOKEN", "query-token", "", "TOKEN",
             "Who asks must know it, or have a key; unset: anybody may, unless there are keys.", secrecy::whole, false,
             set_token<&settings::query_token>},
    variable{"AGENTMON_ROLES", "roles", "ingest,processor,query,ui,monitor", "ROLE[,ROLE...]", "What this node does.",
             secrecy::none, false,
             [](settings& s, std::string_view text) { return assign<std::set<role>>(s.roles, text, parse_roles); }},
    variable{"AGENTMON_NODE", "node", "", "NAME", "What this node is called; unset: the host's name.", secrecy::none,
             false, set_name<&settings::node>, host_name},
    variable{"AGENTMON_CLUSTER", "cluster", "agentmon", "NAME", "Only nodes of the same cluster speak to each other.",
             secrecy::none, false, set_name<&settings::cluster>},
    variable{"AGENTMON_JOIN", "join", "none", "HOST:PORT[,HOST:PORT...] or none",
             "The control ports of nodes to join; any of them is enough.", secrecy::none, false, set_join},
    variable{"AGENTMON_CONTROL_ADDR", "control-addr", "127.0.0.1:4711", "[HOST]:PORT or none",
             "Where this node is reached by other nodes and by the shell; beyond this machine only with a certificate.",
             secrecy::none, false, set_control},
    variable{"AGENTMON_CONTROL_CERT", "control-cert", "", "FILE",
             "This node's certificate (deploy/ca.sh), for TLS between nodes.", secrecy::none, true,
             set_control_file<&control_files::certificate>},
    variable{"AGENTMON_CONTROL_KEY", "control-key", "", "FILE", "The key of that certificate.", secrecy::none, true,
             set_control_file<&control_files::key>},
    variable{"AGENTMON_CONTROL_CA", "control-ca", "", "FILE", "Who signs the nodes' certificates.", secrecy::none, true,
             set_control_file<&control_files::authorities>},
    variable{"AGENTMON_CONTROL_REVOKED", "control-revoked", "", "FILE",
             "The list of certificates that count no more; unset: there is none.", secrecy::none, true,
             set_control_file<&control_files::revoked>},
    variable{"AGENTMON_JOURNAL_BYTES", "journal-bytes", "4GiB", "128MiB or more",
             "How much is kept on disk while NATS or PostgreSQL is away.", secrecy::none, false, set_journal_bytes},
    variable{"AGENTMON_RETENTION_DAYS", "retention-days", "all", "DAYS or all",
             "How many whole days before today are kept; what is older is dropped.", secrecy::none, false,
             set_retention_days},
    variable{"AGENTMON_RETENTION_BYTES", "retention-bytes", "all", "SIZE or all",
             "How much room the events of all days may take; beyond it the oldest days are dropped.", secrecy::none,
             false, set_retention_bytes},
    variable{"AGENTMON_LOG_LEVEL", "log-level", "info", "debug|info|warn|error", "What is logged.", secrecy::none,
             false, set_log_level},
    variable{"AGENTMON_WEB_DIR", "web-dir", "", "FOLDER", "The page's files; unset: those that belong to the program.",
             secrecy::none, true, set_web_dir},
};

} // namespace

std::span<const variable> variables() { return table; }

} // namespace agentmon
