#include "actors/key_reader.hpp"

#include "actors/routes.hpp"
#include "http/counted_actor.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "services/files.hpp"
#include "store/access_keys.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

namespace agentmon {
namespace {

using self_actor = key_reader_actor::extend<caf::reacts_to<caf::tick_atom>>;
using key_uses = std::vector<key_use>;

constexpr std::string_view check_name = "access keys";

std::filesystem::path file_of(const node_context& node) { return node.config.data_dir / "access-keys.json"; }

bool has_database(const settings& config) { return config.database_url || config.needs_database(); }
bool has_others(const settings& config) { return config.control || !config.join.empty(); }

result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (failed) return fail(fault::not_found, path.string() + " is not there");
  if (size > limits::keys_file_bytes) return fail(fault::corrupt, path.string() + " is too large");
  auto text = service::read_bytes(path);
  if (!text) return fail(fault::unavailable, path.string() + " cannot be read");
  return std::move(*text);
}

/// What is to be known of a port that others reach; empty: nothing.
std::string_view warning_of(const door& at) {
  if (at.waits() && !at.token) return "lets nobody in until the access keys are known: PostgreSQL or a node must be up";
  if (!at.guarded())
    return "is open to everybody who reaches this machine; make a key (agentmon keys create), or listen on 127.0.0.1";
  if (at.token && at.token->size() < limits::token_characters_few)
    return "has a token so short that it can be guessed; make one with: openssl rand -hex 32";
  return {};
}

/// Does a port refuse what comes, because the keys are not known yet?
bool keeps_out(const node_context& node) {
  const auto waits = [](const door& at) { return at.waits() && !at.token; };
  return (node.config.has(role::ingest) && waits(ingest_door(node)))
         || (node.config.has(role::query) && waits(query_door(node)))
         || (node.config.has(role::ui) && waits(ui_door(node)));
}

/// Until they are known the keys are among what /readyz waits for.
void await_keys(node_context& node) {
  node.keys.await();
  if (keeps_out(node)) node.status.set(check_name, condition::starting, "are not known yet");
}

struct key_reader_state {
  explicit key_reader_state(self_actor::pointer actor) : self{actor} {}

  void work() {
    if (node->servers.database())
      note(ask_database());
    else if (!has_database(node->config) && has_others(node->config))
      ask_member();
    if (away) look_at_file();
    node->keys.look(now());
    if (const bool kept_out = std::exchange(keeps, keeps_out(*node)); kept_out && !keeps)
      node->status.set(check_name, condition::up);
    for (const auto& port : node->open_ports) node->status.warn(port.name, warning_of(port.at));
  }

  void note(const result<void>& asked) {
    if (asked) return away.reset();
    link.reset();
    if (away != asked.error().message)
      log::warn("keys", "cannot be read; those known last go on to count", {{"reason", asked.error().message}});
    away = asked.error().message;
  }

  /// From now on these keys count, and they are written down for a start without anybody who tells them.
  result<void> learn(std::string json) {
    auto digest = sha_256(json);
    if (digest == sum) return {};
    const auto keys = parse_access_keys(json);
    if (!keys) return tl::unexpected{keys.error()};
    node->keys.set(*keys, now());
    if (auto saved = service::write_private_file(file_of(*node), json); !saved)
      log::warn("keys", "cannot be written down; a start without PostgreSQL would not know them",
                {{"reason", saved.error().message}});
    list = std::move(json);
    sum = std::move(digest);
    return {};
  }

  /// While nobody else tells, the file is the only word there is; whoever brings a new one (agentmon keys export) need
  /// not start this node anew.
  void look_at_file() {
    std::error_code failed;
    const auto changed = std::filesystem::last_write_time(file_of(*node), failed);
    if (failed || changed == file_time) return;
    load_keys(*node);
    file_time = changed;
    sum.clear();
  }

  // -- with PostgreSQL -------------------------------------------------------------------

  result<void> ask_database() {
    if (!link || !link->alive()) {
      auto opened = store::connect(*node->servers.database(), limits::keys_timeout);
      if (!opened) return tl::unexpected{opened.error()};
      link.emplace(std::move(*opened));
    }
    return tell().and_then([&] { return store::read_access_keys(*link); }).and_then([&](const auto& found) {
      std::vector<access_key> keys;
      for (const store::used_key& used : found) keys.push_back(used.key);
      return learn(access_keys_json(keys));
    });
  }

  /// What was counted here, and at nodes behind this one, since the last time.
  result<void> tell() {
    const auto own = untold();
    auto all = of_others;
    for (const auto& use : own) add(all[use.id], use);
    key_uses uses;
    for (const auto& [id, use] : all) uses.push_back({id, use.accepted, use.rejected});
    return store::add_key_use(*link, uses, now()).map([&] {
      of_others.clear();
      for (const auto& use : own) add(told[use.id], use);
    });
  }

  /// For a node without PostgreSQL.
  caf::result<std::string> answer(const std::string& known, const key_uses& uses) {
    if (away || !node->servers.database())
      return to_error({fault::unavailable, "node " + node->config.node + " does not know the access keys itself"});
    for (const auto& key : node->keys.all())
      for (const auto& use : uses)
        if (use.id == key->about.id) add(of_others[use.id], use);
    return known == sum ? std::string{} : list;
  }

  // -- without -----------------------------------------------------------------------------

  void ask_member() {
    if (std::exchange(asking, true)) return;
    auto others = node->members.others();
    std::erase_if(others, [](const roster::reached& each) {
      return std::none_of(each.who.roles.begin(), each.who.roles.end(), [](const std::string& r) {
        return r == to_string(role::processor) || r == to_string(role::query);
      });
    });
    if (others.empty()) {
      away = "no node that knows them is reached"; // which the cluster's check tells
      asking = false;
      return;
    }
    // Counted as told once it is sent: an answer that is late must not count them twice.
    auto uses = untold();
    for (const auto& use : uses) add(told[use.id], use);
    self->request(others[turn % others.size()].handle, limits::keys_timeout, keys_atom_v, sum, uses)
        .then(
            [this](std::string& json) {
              asking = false;
              note(json.empty() ? result<void>{} : learn(std::move(json)));
            },
            [this, uses](const caf::error& e) {
              asking = false;
              ++turn;
              if (e.category() == caf::atom("agentmon")) // it says itself that it has counted nothing
                for (const auto& use : uses) add(told[use.id], {use.id, -use.accepted, -use.rejected});
              note(tl::unexpected{to_failure(e)});
            });
  }

  // -- counters ----------------------------------------------------------------------------

  static void add(key_use& to, const key_use& more) {
    to.accepted += more.accepted;
    to.rejected += more.rejected;
  }

  /// Of each key that was used since it was told of last, or of which nothing was told yet.
  key_uses untold() const {
    key_uses uses;
    for (const auto& key : node->keys.all()) {
      const auto known = told.find(key->about.id);
      const auto before = known == told.end() ? key_use{} : known->second;
      key_use use{key->about.id, static_cast<int64_t>(key->counts->accepted) - before.accepted,
                  static_cast<int64_t>(key->counts->rejected) - before.rejected};
      if (known == told.end() || use.accepted != 0 || use.rejected != 0) uses.push_back(std::move(use));
    }
    return uses;
  }

  self_actor::pointer self;
  node_context* node = nullptr;
  std::optional<store::connection> link;
  std::string list;                            ///< as it was learned last
  std::string sum;                             ///< its SHA-256
  std::optional<std::string> away{"not yet"};  ///< why nobody tells the keys just now
  std::map<std::string, key_use> told;         ///< of this node's counters
  std::map<std::string, key_use> of_others;    ///< not in PostgreSQL yet; of known keys only
  std::filesystem::file_time_type file_time{}; ///< of the file that was loaded last
  bool asking = false;
  bool keeps = false; ///< somebody out
  size_t turn = 0;    ///< which of the nodes
  static inline const char* name = "key-reader";
};

self_actor::behavior_type read_keys(counted_pointer<self_actor, key_reader_state> self, node_context* node) {
  auto& state = self->state;
  state.node = node;
  state.keeps = keeps_out(*node);
  std::error_code absent;
  state.file_time = std::filesystem::last_write_time(file_of(*node), absent);
  self->set_exit_handler([self, &state](const caf::exit_msg& exit) {
    if (state.link && state.link->alive()) (void)state.tell(); // what a kill would lose, too
    self->quit(exit.reason);
  });
  self->send(self, caf::tick_atom_v);
  return {
      [&state](keys_atom, const std::string& known, const key_uses& uses) { return state.answer(known, uses); },
      [self, &state](caf::tick_atom) {
        state.work();
        self->delayed_send(self, limits::keys_refresh, caf::tick_atom_v);
      },
  };
}

} // namespace

void load_keys(node_context& node) {
  const auto text = read_file(file_of(node));
  if (!text && text.error().code == fault::not_found) {
    if (has_database(node.config) || has_others(node.config)) await_keys(node);
    return;
  }
  const auto keys = text.and_then([](const std::string& json) { return parse_access_keys(json); });
  if (!keys) {
    await_keys(node);
    return log::error("keys", "the file of access keys cannot be used; they must be told by PostgreSQL or another node",
                      {{"file", file_of(node).string()}, {"reason", keys.error().message}});
  }
  node.keys.set(*keys, now());
  log::info("keys", "are known", {{"keys", keys->size()}});
}

key_reader_actor spawn_key_reader(caf::actor_system& system, node_context& node) {
  return system.spawn<caf::detached>(read_keys, &node);
}

} // namespace agentmon
