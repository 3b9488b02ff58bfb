#pragma once
#include "protocol/decode.hpp"
#include "protocol/event.hpp"
#include "store/writing.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace agentmon::test {

/// Builds envelopes as JSON text, with ids that follow from a number.
struct scenario {
  std::string framework = "openclaw";
  std::string client_id = "zap";
  std::string host = "zap";
  timestamp at = *parse_time("2026-03-13T12:00:00Z");
  std::vector<std::string> envelopes;

  /// Adds one event, `millis` after the one before.
  scenario& add(std::string_view type, std::string_view session, std::string_view run = {}, std::string_view span = {},
                std::string_view payload = "{}", int millis = 250);

  /// One whole session: `runs` runs of `spans` tool calls each.
  scenario& add_session(std::string_view session, int runs, int spans);
};

/// Sessions on several hosts, frameworks and days, ends without starts, events of no session, snapshots.
std::vector<std::string> mixed_events();

/// A UUID that holds a number.
uuid id_of(uint64_t number);

/// The decoded batch of some envelopes.
event_batch batch_of(const std::vector<std::string>& envelopes);

/// Writes envelopes in one call.
store::commit_report write(store::event_writer&, const std::vector<std::string>& envelopes);

} // namespace agentmon::test
