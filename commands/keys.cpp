#include "commands/commands.hpp"
#include "commands/database.hpp"
#include "commands/progress.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"
#include "settings/values.hpp"
#include "store/access_keys.hpp"
#include "store/migrate.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace agentmon {
namespace {

constexpr std::array flags_of_keys{
    flag{"scope", "SCOPE[,SCOPE]", "create: ingest (send events), query (ask, and see the page), admin (everything)."},
    flag{"client-id", "NAME", "create: only events whose event.source.client_id is this."},
    flag{"expires", "TIME", "create: when it ends: 90d, 12h, or 2026-12-31T00:00:00Z (default: never)."},
    flag{"json", "", "list: as JSON."},
};

using list = std::vector<store::used_key>;

result<void> read_scopes(std::string_view text, access_key& into) {
  for (size_t from = 0; from <= text.size();) {
    const auto comma = std::min(text.find(',', from), text.size());
    const auto scope = text.substr(from, comma - from);
    if (scope == "ingest")
      into.may_ingest = true;
    else if (scope == "query")
      into.may_query = true;
    else if (scope == "admin")
      into.is_admin = true;
    else
      return fail(fault::invalid, "--scope " + std::string{text} + ": allowed are ingest, query and admin");
    from = comma + 1;
  }
  return {};
}

result<timestamp> read_expiry(std::string_view text) {
  const auto wrong = [&] {
    return fail(fault::invalid,
                "--expires " + std::string{text} + ": allowed is a time to come, as 90d, 12h or 2026-12-31T00:00:00Z");
  };
  timestamp at;
  if (text.ends_with('d')) {
    uint32_t days = 0;
    const auto* const end = text.data() + text.size() - 1;
    const auto parsed = std::from_chars(text.data(), end, days);
    if (parsed.ec != std::errc{} || parsed.ptr != end || days > limits::key_days) return wrong();
    at = now() + std::chrono::days{days};
  } else if (const auto duration = parse_duration(text)) {
    at = now() + *duration;
  } else if (const auto time = parse_time(text)) {
    at = *time;
  } else
    return wrong();
  return at > now() ? result<timestamp>{at} : wrong();
}

/// A text of a key that people gave: of the length of other names, and printable.
result<void> check_text(std::string_view what, std::string_view text) {
  const bool fits = !text.empty() && text.size() <= limits::id_characters && is_utf_8(text)
                    && std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (fits) return {};
  return fail(fault::invalid,
              std::string{what} + " must be 1 to " + std::to_string(limits::id_characters) + " printable characters");
}

result<made_key> new_key(const invocation& given) {
  if (given.flags.words.size() != 2) return fail(fault::invalid, "write: agentmon keys create NAME --scope SCOPE");
  const auto scope = given.flags.value("scope");
  if (!scope) return fail(fault::invalid, "what is the key for? Write --scope ingest, query or admin");
  auto made = make_access_key();
  if (!made) return made;
  auto& key = made->key;
  key.name = given.flags.words[1];
  auto right = check_text("the key's name", key.name).and_then([&] { return read_scopes(*scope, key); });
  if (const auto client = given.flags.value("client-id"); right && client) {
    key.client_id = std::string{*client};
    right = check_text("--client-id", *client);
    if (right && !key.may_ingest) right = fail(fault::invalid, "--client-id is for keys with the scope ingest");
    if (right && key.is_admin) right = fail(fault::invalid, "--client-id does not go with the scope admin");
  }
  if (const auto expiry = given.flags.value("expires"); right && expiry) {
    const auto at = read_expiry(*expiry);
    if (at)
      key.expires = *at;
    else
      right = tl::unexpected{at.error()};
  }
  if (!right) return tl::unexpected{right.error()};
  return made;
}

/// What nobody needed a key for until now.
void tell_what_closes(const list& before, const access_key& made) {
  for (const auto& [scope, port] : {std::pair{access_scope::ingest, "gateway"}, {access_scope::query, "query port"}}) {
    const auto covered = [s = scope](const store::used_key& used) { return used.key.covers(s); };
    if (made.covers(scope) && std::none_of(before.begin(), before.end(), covered))
      std::fprintf(stderr, "From now on (within some seconds) the %s lets nobody in without a key or its token.\n",
                   port);
  }
}

result<void> create(const invocation& given, store::connection& db) {
  const auto made = new_key(given);
  if (!made) return tl::unexpected{made.error()};
  const auto before = store::read_access_keys(db);
  if (!before) return tl::unexpected{before.error()};
  if (auto added = store::add_access_key(db, made->key); !added) return added;
  std::printf("%s\n", made->text.c_str());
  std::fprintf(stderr, "This is the only time that key %s is shown: keep it where only its user can read it.\n",
               made->key.id.c_str());
  tell_what_closes(*before, made->key);
  return {};
}

std::string scopes_of(const access_key& key) {
  std::string text;
  for (const auto& [has, name] :
       {std::pair{key.may_ingest, "ingest"}, {key.may_query, "query"}, {key.is_admin, "admin"}})
    if (has) text += (text.empty() ? "" : ",") + std::string{name};
  return text;
}

std::string state_of(const access_key& key) {
  if (key.revoked) return "revoked " + format_time(*key.revoked);
  if (!key.expires) return "counts";
  return (*key.expires <= now() ? "expired " : "counts until ") + format_time(*key.expires);
}

void print_json(const list& keys) {
  json_writer json;
  json.begin_array();
  for (const auto& [key, accepted, rejected, last_used] : keys) {
    json.begin_object().member("key_id", std::string_view{key.id}).member("name", std::string_view{key.name});
    json.member("scopes", std::string_view{scopes_of(key)}).text_member("client_id", key.client_id.value_or(""));
    json.member("created", key.created).member("expires", key.expires).member("revoked", key.revoked);
    json.member("accepted", accepted).member("rejected", rejected).member("last_used", last_used).end_object();
  }
  json.end_array();
  std::puts(json.text().c_str());
}

result<void> print_list(const invocation& given, store::connection& db) {
  const auto keys = store::read_access_keys(db);
  if (!keys) return tl::unexpected{keys.error()};
  if (given.flags.has("json")) return print_json(*keys), result<void>{};
  const auto shown = [](const std::optional<int64_t>& count) {
    return count ? grouped(static_cast<size_t>(*count)) : std::string{"unknown"};
  };
  std::printf("%-12s  %-20s  %-18s  %-14s  %10s  %10s  %s\n", "ID", "NAME", "SCOPES", "CLIENT_ID", "ACCEPTED",
              "REJECTED", "STATE");
  for (const auto& [key, accepted, rejected, last_used] : *keys)
    std::printf("%-12s  %-20s  %-18s  %-14s  %10s  %10s  %s\n", key.id.c_str(), key.name.c_str(),
                scopes_of(key).c_str(), key.client_id.value_or("any").c_str(), shown(accepted).c_str(),
                shown(rejected).c_str(), state_of(key).c_str());
  return {};
}

result<void> print_file(const invocation&, store::connection& db) {
  const auto keys = store::read_access_keys(db);
  if (!keys) return tl::unexpected{keys.error()};
  std::vector<access_key> all;
  for (const auto& used : *keys) all.push_back(used.key);
  std::puts(access_keys_json(all).c_str());
  return {};
}

result<void> revoke(const invocation& given, store::connection& db) {
  if (given.flags.words.size() != 2) return fail(fault::invalid, "write: agentmon keys revoke ID");
  return store::revoke_access_key(db, given.flags.words[1]).map([] {
    std::fputs("Revoked: within some seconds no node lets it in any more.\n", stderr);
  });
}

} // namespace

std::span<const flag> keys_flags() { return flags_of_keys; }

int run_access_keys(const invocation& given) {
  using deed = result<void> (*)(const invocation&, store::connection&);
  constexpr std::array<std::pair<std::string_view, deed>, 4> deeds{
      {{"create", create}, {"list", print_list}, {"revoke", revoke}, {"export", print_file}}};
  const std::string name{given.flags.words.empty() ? "" : given.flags.words.front()};
  const auto* const found = std::find_if(deeds.begin(), deeds.end(), [&](const auto& d) { return d.first == name; });
  if (found == deeds.end()) return complain("write: agentmon keys create, list, revoke or export"), exit_usage;
  auto db = connect_database(given.config.values, limits::query_timeout);
  if (!db) return complain(db.error().message), exit_unreachable;
  if (const auto migrated = store::migrate(*db); !migrated) return complain(migrated.error().message), exit_unreachable;
  const auto done = found->second(given, *db);
  if (done) return exit_ok;
  complain(done.error().message);
  return done.error().code == fault::invalid ? exit_usage : exit_problem;
}

} // namespace agentmon
