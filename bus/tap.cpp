#include "bus/tap.hpp"

#include "bus/handles.hpp"
#include "bus/publish.hpp"

#include <charconv>

namespace agentmon::bus {
namespace {

std::optional<timestamp> time_published(natsMsg* message) {
  const char* text = nullptr;
  if (natsMsgHeader_Get(message, published_header, &text) != NATS_OK || text == nullptr) return std::nullopt;
  const std::string_view digits{text};
  int64_t microseconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), microseconds);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return timestamp{std::chrono::microseconds{microseconds}};
}

} // namespace

result<tap> tap::open(const connection& bus, std::function<void(const tapped&)> on_message) {
  auto opened =
      subscription::open(bus, bus.settings().subject, {.messages = limits::tap_messages, .bytes = limits::tap_bytes},
                         [on_message = std::move(on_message)](natsMsg* message) {
                           on_message({{natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))},
                                       time_published(message)});
                         });
  if (!opened) return tl::unexpected{std::move(opened.error())};
  return tap{std::move(*opened)};
}

} // namespace agentmon::bus
