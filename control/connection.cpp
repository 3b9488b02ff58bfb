#include "control/connection.hpp"

#include "protocol/limits.hpp"

#include <caf/io/network/native_socket.hpp>

#include <sys/socket.h>

namespace agentmon::control {

namespace network = caf::io::network;

connection::connection(network::default_multiplexer& loop, int fd, std::unique_ptr<session> tls, bool accepted,
                       std::string from, const std::shared_ptr<refusals>& told)
    : scribe{network::conn_hdl_from_socket(fd)}, from_{from}, refusals_{told}, stream_{loop,
                                                                                       fd,
                                                                                       std::move(tls),
                                                                                       accepted,
                                                                                       std::move(from),
                                                                                       told} {}

void connection::configure_read(caf::io::receive_policy::config how) {
  if (how.second > limits::control_frame_bytes) {
    refusals_->tell(from_, "it announces a message of " + std::to_string(how.second) + " bytes");
    how = caf::io::receive_policy::exactly(1);
    ::shutdown(stream_.fd(), SHUT_RDWR); // the next read finds the end
  }
  stream_.configure_read(how);
  if (!std::exchange(launched_, true)) stream_.start(this);
}

void connection::ack_writes(bool enable) { stream_.ack_writes(enable); }

std::vector<char>& connection::wr_buf() { return stream_.wr_buf(); }

std::vector<char>& connection::rd_buf() { return stream_.rd_buf(); }

void connection::graceful_shutdown() {
  stream_.graceful_shutdown();
  detach(&stream_.backend(), false);
}

void connection::flush() { stream_.flush(this); }

std::string connection::addr() const {
  const auto address = network::remote_addr_of_fd(stream_.fd());
  return address ? *address : std::string{};
}

uint16_t connection::port() const {
  const auto number = network::remote_port_of_fd(stream_.fd());
  return number ? *number : uint16_t{0};
}

void connection::add_to_loop() { stream_.activate(this); }

void connection::remove_from_loop() { stream_.passivate(); }

} // namespace agentmon::control
