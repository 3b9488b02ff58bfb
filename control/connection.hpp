#pragma once
#include "control/session.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>

namespace agentmon::control {

/// One connection to another node, as CAF's broker uses it. Refuses to read frames beyond limits::control_frame_bytes,
/// for CAF would make room for whatever the other side announces.
class connection : public caf::io::scribe {
public:
  /// Owns the socket, which does not block and has done its handshake.
  connection(caf::io::network::default_multiplexer&, int fd, std::unique_ptr<session> tls, bool accepted,
             std::string from, const std::shared_ptr<refusals>&);

  void configure_read(caf::io::receive_policy::config) override;
  void ack_writes(bool) override;
  std::vector<char>& wr_buf() override;
  std::vector<char>& rd_buf() override;
  void graceful_shutdown() override;
  void flush() override;
  std::string addr() const override;
  uint16_t port() const override;
  void add_to_loop() override;
  void remove_from_loop() override;

private:
  bool launched_ = false;
  std::string from_;
  std::shared_ptr<refusals> refusals_;
  caf::io::network::stream_impl<transport> stream_;
};

} // namespace agentmon::control
