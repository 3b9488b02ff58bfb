#include "http/keyring.hpp"

#include "http/token.hpp"
#include "http/worker.hpp"

#include <algorithm>

namespace agentmon {
namespace {

/// Why the key does not count at this moment; empty when it does.
std::string_view invalidity(const access_key& key, timestamp now) {
  if (key.revoked) return "This access key was revoked.";
  if (key.expires && *key.expires <= now) return "This access key has expired.";
  return {};
}

response unauthorized(std::string_view why) {
  auto refused = error(401, "unauthorized", std::string{why});
  refused.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"agentmon\"");
  return refused;
}

} // namespace

std::shared_ptr<const keyring::key_map> keyring::keys() const {
  const std::lock_guard lock{mutex_};
  return keys_;
}

void keyring::set(const std::vector<access_key>& all, timestamp now) {
  const auto before = keys();
  auto after = std::make_shared<key_map>();
  for (const auto& key : all) {
    const auto known = before->find(key.id);
    auto counts = known == before->end() ? std::make_shared<key_counts>() : known->second->counts;
    after->emplace(key.id, std::make_shared<known_key>(known_key{key, std::move(counts)}));
  }
  const auto any = [&](access_scope scope) {
    return std::any_of(all.begin(), all.end(), [&](const access_key& key) { return key.covers(scope); });
  };
  guards_ingest_ = any(access_scope::ingest);
  guards_query_ = any(access_scope::query);
  {
    const std::lock_guard lock{mutex_};
    keys_ = std::move(after);
  }
  awaited_ = false;
  look(now);
}

void keyring::look(timestamp now) {
  const std::lock_guard lock{mutex_};
  for (auto at = sockets_.begin(); at != sockets_.end();) {
    auto& [id, socket] = *at;
    bool stays = false;
    if (socket.key) {
      const auto known = keys_->find(socket.key->about.id);
      stays = known != keys_->end() && invalidity(known->second->about, now).empty();
    } else
      stays = !guards(socket.scope);
    if (!stays) close(socket.peer, 1008, "the access key does not count any more");
    at = stays ? std::next(at) : sockets_.erase(at);
  }
}

bool keyring::guards(access_scope scope) const {
  return scope == access_scope::ingest ? guards_ingest_.load() : guards_query_.load();
}

keyring::passed keyring::check(std::string_view text, std::string_view digest, access_scope scope,
                               timestamp now) const {
  const auto ring = keys();
  const auto found = ring->find(id_in(text));
  if (found == ring->end() || !same_secret(digest, found->second->about.digest)) {
    ++strangers_;
    return tl::unexpected{unauthorized("Send an access key or token as \"Authorization: Bearer <key>\".")};
  }
  const auto& [about, counts] = *found->second;
  if (const auto why = invalidity(about, now); !why.empty()) {
    ++counts->rejected;
    return tl::unexpected{unauthorized(why)};
  }
  if (!about.covers(scope)) {
    ++counts->rejected;
    return tl::unexpected{
        error(403, "forbidden",
              "The access key \"" + about.name + "\" lacks the scope " + std::string{to_string(scope)} + ".")};
  }
  ++counts->accepted;
  return found->second;
}

std::vector<std::shared_ptr<const known_key>> keyring::all() const {
  std::vector<std::shared_ptr<const known_key>> list;
  for (const auto& [id, key] : *keys()) list.push_back(key);
  return list;
}

void keyring::opened(const websocket_peer& peer, access_scope scope, std::shared_ptr<const known_key> key) {
  const std::lock_guard lock{mutex_};
  sockets_.insert_or_assign(peer.id, open_socket{peer, scope, std::move(key)});
}

void keyring::closed(connection_id id) {
  const std::lock_guard lock{mutex_};
  sockets_.erase(id);
}

} // namespace agentmon
