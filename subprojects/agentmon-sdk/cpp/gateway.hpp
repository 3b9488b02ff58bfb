#pragma once
#include "delivery.hpp"

#include <httplib.h>

#include <memory>
#include <string>
#include <vector>

namespace agentmon::sdk::detail {

/// Posts events over one connection that is kept. For one thread; stop() may be called from any.
class gateway {
public:
  /// Throws std::invalid_argument when the URL is none.
  gateway(const std::string& url, const std::string& token);
  answer post(const std::vector<std::string>& events);
  /// Ends a request that is under way.
  void stop() { client_->stop(); }

private:
  std::unique_ptr<httplib::Client> client_;
  std::string path_;
  httplib::Headers headers_;
};

} // namespace agentmon::sdk::detail
