#include "bus/tap.hpp"

namespace agentmon::bus {

result<tap> tap::open(const connection& bus, std::function<void(std::string_view payload)> on_payload) {
  auto opened =
      subscription::open(bus, bus.settings().subject, {.messages = limits::tap_messages, .bytes = limits::tap_bytes},
                         [on_payload = std::move(on_payload)](natsMsg* message) {
                           on_payload({natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))});
                         });
  if (!opened) return tl::unexpected{std::move(opened.error())};
  return tap{std::move(*opened)};
}

} // namespace agentmon::bus
