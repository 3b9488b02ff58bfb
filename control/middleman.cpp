#include "control/middleman.hpp"

#include "control/connection.hpp"
#include "control/dial.hpp"
#include "control/handshaker.hpp"
#include "http/bind.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/doorman_impl.hpp>

namespace agentmon::control {
namespace {

namespace network = caf::io::network;
using multiplexer = network::default_multiplexer;

/// A control port. Connections reach CAF's broker when their TLS handshake is done.
class door : public network::doorman_impl {
public:
  door(multiplexer& loop, int fd, const link& how) : doorman_impl{loop, fd}, told_{how.told} {
    if (how.who)
      handshaker_.emplace(
          how.who, told_,
          [&loop, way = way_](service::descriptor socket, std::unique_ptr<session> tls, std::string from) {
            // CAF copies what is posted.
            auto parts = std::make_shared<guest>(guest{std::move(socket), std::move(tls), std::move(from)});
            loop.post([way, parts] {
              if (way->to != nullptr) way->to->admit(*parts);
            });
          });
  }
  ~door() override { way_->to = nullptr; }
  door(const door&) = delete;
  door& operator=(const door&) = delete;

  bool new_connection() override {
    service::descriptor socket{acceptor_.accepted_socket()};
    if (detached()) return false;
    const auto address = network::remote_addr_of_fd(socket.get());
    auto from = address ? *address : "an unknown address";
    network::nonblocking(socket.get(), true);
    if (handshaker_) {
      handshaker_->add(std::move(socket), std::move(from));
      return true;
    }
    guest plain{std::move(socket), nullptr, std::move(from)};
    return admit(plain);
  }

private:
  struct guest {
    service::descriptor socket;
    std::unique_ptr<session> tls;
    std::string from;
  };
  /// To this door from a handshake that may outlive it; only the multiplexer's thread follows it.
  struct path {
    door* to;
  };

  bool admit(guest& who) {
    if (detached()) return false;
    auto& loop = acceptor_.backend();
    auto made = caf::make_counted<connection>(loop, who.socket.release(), std::move(who.tls), true, who.from, told_);
    const auto handle = made->hdl();
    parent()->add_scribe(std::move(made));
    return doorman::new_connection(&loop, handle);
  }

  std::shared_ptr<refusals> told_;
  std::shared_ptr<path> way_ = std::make_shared<path>(path{this});
  std::optional<handshaker> handshaker_;
};

class middleman : public caf::io::middleman_actor_impl {
public:
  middleman(caf::actor_config& config, caf::actor broker, link how)
      : middleman_actor_impl{config, std::move(broker)}, how_{std::move(how)} {}

protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host, uint16_t port) override {
    auto there = dial(host, port, how_.who);
    if (!there) return caf::make_error(caf::sec::cannot_connect_to_node, there.error().message);
    return caf::io::scribe_ptr{caf::make_counted<connection>(loop(), there->socket.release(), std::move(there->tls),
                                                             false, to_string(agentmon::endpoint{host, port}),
                                                             how_.told)};
  }

  caf::expected<caf::io::doorman_ptr> open(uint16_t port, const char* host, bool) override {
    auto bound = bind({host != nullptr ? host : "", port});
    if (!bound) return caf::make_error(caf::sec::cannot_open_port, bound.error().message);
    network::nonblocking(bound->fd, true);
    return caf::io::doorman_ptr{caf::make_counted<door>(loop(), bound->fd, how_)};
  }

private:
  multiplexer& loop() { return dynamic_cast<multiplexer&>(system().middleman().backend()); }

  link how_;
};

} // namespace

caf::io::middleman_actor spawn_middleman(caf::actor_system& system, link how) {
  auto broker = system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  return system.spawn<middleman, caf::detached + caf::hidden>(std::move(broker), std::move(how));
}

} // namespace agentmon::control
