#pragma once
#include "http/response.hpp"

#include <httplib.h>
#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace agentmon {

/// Reads one whole request, as the splitter cut it (its framing has been checked). The body comes back decoded: neither
/// chunked nor compressed, at most limits::body_bytes (a compressed one that would be larger is given up there: 413).
/// `path` and `params` are percent-decoded, `target` and the headers are as they came. Safe from any thread.
tl::expected<httplib::Request, refusal> parse_request(std::string_view bytes);

} // namespace agentmon
