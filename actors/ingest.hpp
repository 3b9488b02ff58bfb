#pragma once
#include "http/response.hpp"
#include "protocol/event.hpp"
#include "protocol/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the gateway says to those who send events: the same over HTTP and over a WebSocket. Pure.
namespace agentmon {

/// {"accepted":n,"rejected":[...]}, with "seq" first for a WebSocket's frame.
std::string acknowledgement(std::optional<uint64_t> sequence, uint64_t accepted, const std::vector<rejection>&);

/// {"seq":n,"error":{...}}: nothing of this frame was kept.
std::string refusal_of(uint64_t sequence, const failure&, const std::vector<rejection>&);

/// Why a batch without a single valid event is refused.
std::string none_valid(const event_batch&);

/// The 400 for such a batch.
response refuse_all(const event_batch&);

/// A producer's frame: events alone, or {"seq":n,"events":[...]}.
struct numbered_frame {
  std::optional<uint64_t> sequence;
  std::string_view events; ///< JSON text; the whole frame when it is not of the second form
};
numbered_frame open_frame(std::string_view text);

/// Turns the events of any other event.source.client_id into rejections; false when there is none.
bool refuse_others(event_batch&, std::string_view client_id);

} // namespace agentmon
