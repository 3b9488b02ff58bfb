#pragma once
#include "protocol/failure.hpp"
#include "settings/flags.hpp"

#include <span>
#include <string>
#include <string_view>

namespace agentmon {

/// The flags of emit that describe one event.
std::span<const flag> event_flags();

/// Does the command line describe an event?
bool describes_event(const given_flags&);

/// The envelope that the flags describe, as JSON text; what is not given is filled in: id, time, and `host` as the
/// source's host. fault::invalid says which rule it breaks.
result<std::string> event_from_flags(const given_flags&, std::string_view host);

} // namespace agentmon
