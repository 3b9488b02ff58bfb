#pragma once
#include <cstdio>
#include <memory>

namespace agentmon {

struct stream_closer {
  void operator()(std::FILE* file) const noexcept {
    // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the stream that calls this owns it
    if (file != stdin && file != stdout) std::fclose(file);
  }
};

/// A file of the C library, closed with its owner; the process's own streams stay open.
using stream = std::unique_ptr<std::FILE, stream_closer>;

} // namespace agentmon
