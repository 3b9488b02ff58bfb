#include "site.hpp"

#include "http/websocket.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace agentmon {
namespace {

/// What one worker's handlers share.
struct memory {
  std::vector<exchange> held;
  std::vector<websocket_text> held_texts;
  std::vector<websocket_peer> peers;
};

void tunnel(exchange asked) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<uint16_t>(std::stoi(asked.param("port"))));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    ::close(fd);
    return asked.answer(error(502, "unavailable", "Nobody is there."));
  }
  auto first = asked.raw();
  first.replace(first.find("/tunnel"), first.find(' ', 4) - 4, "/ws");
  asked.tunnel(fd, std::move(first));
}

} // namespace

listener_settings quick() {
  listener_settings s;
  s.tick = std::chrono::milliseconds{10};
  return s;
}

site::configuration::configuration() {
  load<caf::io::middleman>();
  add_message_types<caf::id_block::agentmon_http>();
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", 2);
  configure_multiplexer(*this);
  raise_descriptor_limit();
}

site::site(const listener_settings& settings, size_t workers) {
  for (size_t i = 0; i < workers; ++i)
    workers_.push_back(spawn_worker(system_, [this](worker_context&) { return routes(); }));
  auto started = listen(system_, {"127.0.0.1", 0}, workers_, settings);
  REQUIRE(started);
  at_ = *started;
}

site::~site() {
  caf::anon_send_exit(at_.actor, caf::exit_reason::user_shutdown);
  for (const auto& worker : workers_) caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
}

listener_stats site::stats() {
  listener_stats out;
  caf::scoped_actor self{system_};
  self->request(at_.actor, caf::duration{std::chrono::seconds{20}}, stats_atom_v)
      .receive([&](listener_stats& s) { out = s; }, [&](caf::error& e) { FAIL(system_.render(e)); });
  return out;
}

std::vector<std::string> site::history() const {
  const std::lock_guard lock{mutex_};
  return history_;
}

void site::note(std::string what) {
  const std::lock_guard lock{mutex_};
  history_.push_back(std::move(what));
}

router site::routes() {
  const auto kept = std::make_shared<memory>();
  router r;
  r.on("POST", "/echo",
       [](worker_context&, exchange x) { x.answer({.body = std::move(x.body()), .content_type = "text/plain"}); });
  r.on("GET", "/name/{name}", [](worker_context&, exchange x) { x.answer({.body = std::string{x.capture("name")}}); });
  r.on("GET", "/large", [](worker_context&, exchange x) {
    x.answer({.body = std::string(std::stoul(x.param("n")), 'x'), .content_type = "application/octet-stream"});
  });
  r.on("GET", "/hold", [kept](worker_context&, exchange x) { kept->held.push_back(std::move(x)); });
  r.on("GET", "/release", [kept](worker_context&, exchange x) {
    for (auto& held : kept->held) held.answer({.body = "released"});
    kept->held.clear();
    kept->held_texts.clear();
    x.answer({});
  });
  r.on("GET", "/throw", [](worker_context&, const exchange&) { throw std::runtime_error{"on purpose"}; });
  r.on("GET", "/drop", [](worker_context&, const exchange&) {});
  r.on("GET", "/tunnel", [](worker_context&, exchange x) { tunnel(std::move(x)); });
  r.on("GET", "/push", [kept](worker_context&, exchange x) {
    std::vector<connection_id> ids;
    for (const auto& peer : kept->peers) ids.push_back(peer.id);
    const auto frame =
        std::make_shared<const std::string>(websocket::frame(std::string(std::stoul(x.param("size")), 'x')));
    for (auto n = std::stoul(x.param("n")); n > 0 && !ids.empty(); --n)
      caf::anon_send(kept->peers.front().listener, push_atom_v, outgoing_frames{{ids, frame}});
    x.answer({});
  });
  r.websocket("/ws", {
                         .admit = [](worker_context&, exchange& x) -> std::optional<response> {
                           if (x.param("refuse").empty()) return std::nullopt;
                           return error(403, "forbidden", "Not you.");
                         },
                         .opened =
                             [this, kept](worker_context&, const websocket_peer& peer, exchange&) {
                               kept->peers.push_back(peer);
                               note("opened");
                             },
                         .text =
                             [this, kept](worker_context&, websocket_text message) {
                               ++texts;
                               if (message.text() == "hold") return kept->held_texts.push_back(message);
                               if (message.text() == "close") return close(message.peer(), 4000, "as you wish");
                               message.answer(message.text());
                             },
                         .closed =
                             [this, kept](worker_context&, const websocket_peer& gone) {
                               std::erase_if(kept->peers, [&](const auto& peer) { return peer.id == gone.id; });
                               note("closed");
                             },
                         .congested = [this](worker_context&, const websocket_peer&, bool now,
                                             uint64_t) { note(now ? "congested" : "caught up"); },
                     });
  return r;
}

} // namespace agentmon
