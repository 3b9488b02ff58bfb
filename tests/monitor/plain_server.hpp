#pragma once
#include "services/descriptor.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <poll.h>
#include <stop_token>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace agentmon::monitor::testing {

/// What a server on 127.0.0.1 does with those who connect.
enum class manner { holds, closes, never_accepts };

/// A server that is none of SSH: it says something, or nothing.
class plain_server {
public:
  explicit plain_server(manner how, std::string greeting = {}) : how_{how}, greeting_{std::move(greeting)} {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    REQUIRE(::listen(socket_.get(), how == manner::never_accepts ? 0 : 16) == 0);
    port = ntohs(at.sin_port);
    if (how == manner::never_accepts)
      fill(at);
    else
      thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
  }

  uint16_t port = 0;

private:
  /// Has the kernel's queue full, so that whoever comes next hears nothing at all, as behind a firewall that drops.
  void fill(const sockaddr_in& at) {
    for (int i = 0; i < 4; ++i) {
      service::descriptor one{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
      ::connect(one.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at);
      held_.push_back(std::move(one));
    }
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd comes{socket_.get(), POLLIN, 0};
      if (::poll(&comes, 1, 20) <= 0) continue;
      service::descriptor one{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      [[maybe_unused]] const auto n = ::send(one.get(), greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
      if (how_ == manner::holds) held_.push_back(std::move(one));
    }
  }

  manner how_;
  std::string greeting_;
  service::descriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::vector<service::descriptor> held_;
  std::jthread thread_;
};

} // namespace agentmon::monitor::testing
