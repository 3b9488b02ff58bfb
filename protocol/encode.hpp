#pragma once
#include "protocol/event.hpp"

#include <string>
#include <vector>

namespace agentmon {

/// The parts of an envelope to build; views need to live only as long as the call. Empty strings are left out.
struct envelope {
  uuid id = make_uuid();
  timestamp ts = now();
  std::string_view type = {};
  std::string_view framework = {};
  std::string_view client_id = {};
  std::string_view host = {};
  std::string_view session_id = {};
  std::string_view run_id = {};
  std::string_view span_id = {};
  std::string_view parent_span_id = {};
  std::string_view trace_id = {};
  std::string_view attributes = {}; ///< JSON text of an object, or empty
  std::string_view payload = {};    ///< JSON text of an object, or empty
};

/// The envelope as JSON text.
std::string encode(const envelope&);

/// One part of a batch that fits into one journal record.
struct batch_part {
  std::string json; ///< envelopes separated by commas, without the brackets around them
  uint32_t events = 0;
};

/// The valid events of a batch as parts of at most limits::record_bytes each, in order, each envelope as it came in.
std::vector<batch_part> parts_of(const event_batch&);

} // namespace agentmon
