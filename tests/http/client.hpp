#pragma once
#include "frames.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

/// Everything that a live test waits for must come within this; a quiet machine needs a few milliseconds.
constexpr auto patience = std::chrono::seconds{20};

/// One answer as a client sees it.
struct answer_read {
  int status = 0;
  std::map<std::string, std::string> headers; // names in lower case
  std::string body;
};

/// A plain TCP client, blocking with a deadline.
class client {
public:
  explicit client(uint16_t port);
  ~client();
  client(client&&) noexcept;
  client& operator=(client&&) = delete;

  /// Sends all; false when the server has closed.
  bool send(std::string_view);
  /// Sends what the kernel takes without waiting.
  size_t send_some(std::string_view);

  /// The next answer; status 0 when the connection ends or nothing comes.
  answer_read read_answer(bool head = false);

  /// Sends and reads.
  answer_read ask(std::string_view bytes) { return send(bytes) ? read_answer() : answer_read{}; }

  /// The next frame of a WebSocket.
  std::optional<frames::frame> read_frame();

  /// Makes this connection a WebSocket; the status of the answer.
  int open_websocket(std::string_view target);

  /// Reads until the server closes; false when it does not.
  bool wait_for_end();

  /// Reads until at least `size` bytes have come, and takes them.
  std::string read_bytes(size_t size);

  /// Makes the kernel's buffer for this client's input small, so that the server feels a slow reader at once.
  static client with_small_buffer(uint16_t port);

private:
  explicit client(int fd) : fd_{fd} {}
  bool fill();
  int fd_ = -1;
  std::string in_;
};

/// Waits for a condition; false when it does not come.
bool eventually(const std::function<bool()>&);

std::string get(std::string_view target, std::string_view headers = "");
std::string post(std::string_view target, std::string_view body, std::string_view headers = "");

} // namespace agentmon
