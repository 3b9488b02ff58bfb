#include "bus/claim.hpp"

namespace agentmon::bus {

result<claim> claim::open(const connection& bus, uint64_t stream_sequence) {
  const auto& settings = bus.settings();
  // A processor's words go to the message's handle (bus/pull.cpp), which any client may subscribe to.
  const auto subject =
      "$JS.ACK." + settings.stream + '.' + settings.durable + ".*." + std::to_string(stream_sequence) + ".>";
  auto heard = std::make_shared<std::atomic<bool>>(false);
  auto words = subscription::open(bus, subject, {}, [heard](natsMsg*) { *heard = true; });
  if (!words) return tl::unexpected{std::move(words.error())};
  return claim{std::move(heard), std::move(*words)};
}

} // namespace agentmon::bus
